const CREATED = 1_767_225_600
const OWNER = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'
const MEMBER = '0x00000000219ab540356cbb839cbe05303d7705fa'

export const ORG = {
  id: 'org_k3v9q2m8x4t7b1zc',
  object: 'org',
  slug: 'acme',
  name: 'Acme',
  role: 'owner',
  credits_per_day: null,
  credits_per_month: null,
  balance: '25',
  held: '0.12',
  available: '24.88',
  created_at: CREATED,
}

export const ORG_MEMBER = {
  id: MEMBER,
  object: 'org.member',
  role: 'member',
  credits_per_day: '2.5',
  credits_per_month: '40',
  added_at: CREATED + 600,
}

export const ORG_INVITATION = {
  id: 'inv_p7d2w5n9r8h3s6fj',
  object: 'org.invitation',
  status: 'open',
  role: 'member',
  wallet: MEMBER,
  credits_per_day: '2.5',
  credits_per_month: '40',
  created_by: OWNER,
  accepted_by: null,
  created_at: CREATED + 300,
  expires_at: CREATED + 300 + 604_800,
}

export const INVITATION_TOKEN = `gwi_${'x'.repeat(43)}`

export const ORG_CREDITS = {
  id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  object: 'org.credits',
  direction: 'in',
  amount: '5',
  balance: '20',
  repeated: false,
}

export const ORG_AUDIT_ENTRY = {
  id: '550e8400-e29b-41d4-a716-446655440000',
  object: 'audit_entry',
  created_at: CREATED + 600,
  actor: OWNER,
  via: 'api',
  ip: '203.0.113.7',
  request_id: 'req_4f1d2c3b4a5968778695a4b3',
  action: 'member.role_changed',
  subject: MEMBER,
  org_id: ORG.id,
  details: { role: 'member', before: 'viewer' },
}

export const pageOf = (row: { id: string }) => ({
  object: 'list',
  data: [row],
  first_id: row.id,
  last_id: row.id,
  has_more: false,
})
