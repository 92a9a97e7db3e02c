import { z } from 'zod'
import { idPattern } from '../../accounts/account-id.ts'
import { ROLES } from '../../accounts/identity.ts'
import { Acceptance, CreditMove, MemberPatch, NewInvitation, NewOrg, OrgPatch } from '../orgs/org-fields.ts'
import { withNotes } from './field-notes.ts'
import { listOf } from './list-of.ts'
import { credits, unixSeconds } from './numbers.ts'

const role = z.enum(ROLES)
const account = z.string().meta({ description: 'A wallet in lower case, or `acct_…`.' })
const CEILING_NOTES = {
  credits_per_day: "What the member may spend of the org's credits a day (UTC); null: no ceiling.",
  credits_per_month: 'The same, a month.',
}
const ceilings = {
  credits_per_day: credits.nullable().meta({ description: CEILING_NOTES.credits_per_day }),
  credits_per_month: credits.nullable().meta({ description: CEILING_NOTES.credits_per_month }),
}
const orgId = z.string().regex(idPattern('org'))
const invitationId = z.string().regex(idPattern('inv'))

export const Org = z
  .object({
    id: orgId,
    object: z.literal('org'),
    slug: z.string(),
    name: z.string(),
    role: role.meta({ description: 'Your own.' }),
    ...ceilings,
    balance: credits,
    held: credits.meta({ description: 'For runs that have not ended.' }),
    available: credits.meta({ description: '`balance` less `held`.' }),
    created_at: unixSeconds,
  })
  .meta({ id: 'Org' })
export const OrgList = listOf(Org).meta({ id: 'OrgList' })

export const OrgMember = z
  .object({ id: account, object: z.literal('org.member'), role, ...ceilings, added_at: unixSeconds })
  .meta({ id: 'OrgMember' })
export const OrgMemberList = listOf(OrgMember).meta({ id: 'OrgMemberList' })

const invitation = z.object({
  id: invitationId,
  object: z.literal('org.invitation'),
  status: z.enum(['open', 'accepted', 'revoked', 'expired']),
  role,
  wallet: z.string().nullable().meta({ description: 'Only this one may accept it.' }),
  ...ceilings,
  created_by: z.string(),
  accepted_by: z.string().nullable(),
  created_at: unixSeconds,
  expires_at: unixSeconds,
})
export const OrgInvitation = invitation.meta({ id: 'OrgInvitation' })
export const OrgInvitationList = listOf(OrgInvitation).meta({ id: 'OrgInvitationList' })
export const NewOrgInvitation = invitation
  .extend({
    token: z
      .string()
      .regex(/^gwi_[\w-]{43}$/)
      .meta({ description: 'Told this once: the store has a hash of it.' }),
  })
  .meta({ id: 'NewOrgInvitation' })

export const OrgCredits = z
  .object({
    id: z.string(),
    object: z.literal('org.credits'),
    direction: z.enum(['in', 'out']),
    amount: credits,
    balance: credits.meta({ description: 'Of the account that gave, after it.' }),
    repeated: z.boolean().meta({ description: 'It was there before, under the same `id`.' }),
  })
  .meta({ id: 'OrgCredits' })

export const OrgAuditList = listOf(
  z.object({
    id: z.string(),
    object: z.literal('audit_entry'),
    created_at: unixSeconds,
    actor: z.string().meta({ description: 'An account, `key_…`, `admin` or `gateway`.' }),
    via: z.enum(['api', 'cli', 'gateway']),
    ip: z.string().nullable().meta({ description: 'Null where the operator has done it.' }),
    request_id: z.string().nullable(),
    action: z.string().meta({ description: '`member.role_changed`, `invitation.created`, `org.credits_moved`, …' }),
    subject: z.string().meta({ description: 'What was changed.' }),
    org_id: orgId,
    details: z.record(z.string(), z.unknown()),
  }),
).meta({ id: 'OrgAuditList' })

export const DeletedOrg = z
  .object({ id: orgId, object: z.literal('org'), deleted: z.literal(true) })
  .meta({ id: 'DeletedOrg' })
export const DeletedOrgMember = z
  .object({ id: account, object: z.literal('org.member'), deleted: z.literal(true) })
  .meta({ id: 'DeletedOrgMember' })

export const OrgRequest = withNotes(NewOrg, {
  slug: 'Names the org in headers and paths, for good. Some words are reserved.',
})
export const OrgPatchRequest = OrgPatch
export const OrgMemberPatchRequest = withNotes(MemberPatch, CEILING_NOTES)
export const OrgInvitationRequest = withNotes(NewInvitation, {
  wallet: 'Only this one may accept it. Unset: whoever has the token.',
  ...CEILING_NOTES,
  expires_in: 'Seconds from now.',
})
export const OrgAcceptanceRequest = Acceptance
export const OrgCreditsRequest = withNotes(CreditMove, {
  amount: 'Credits, as a decimal text.',
  direction: "`in`: from your own account to the org's; `out`: back.",
  id: 'Of your own making: what is asked for again under it happens once.',
})
