const CREATED = 1_767_225_600
const NO_SCOPES = {
  models: null,
  orgs: null,
  tools: null,
  manage: null,
  ips: null,
  requests_per_minute: null,
  tokens_per_minute: null,
  concurrent_runs: null,
  credits_per_day: null,
  credits_per_month: null,
}

export const NEW_KEY = {
  name: 'laptop',
  scopes: { models: ['operator'], credits_per_day: '1.25' },
  expires_in: 2_592_000,
}

export const NEW_SERVICE_KEY = {
  name: 'nightly report',
  org: 'acme',
  service: true,
  scopes: { ips: ['203.0.113.0/24'] },
}

export const KEY = {
  id: 'key_7k2m9q4x8t3v1bzc',
  object: 'api_key',
  name: NEW_KEY.name,
  hint: 'gw_Ab3…9xYz',
  status: 'active',
  account: '0xd8da6bf26964af9d7eed9e03e53415d37aa96045',
  org_id: null,
  org_mode: null,
  scopes: { ...NO_SCOPES, ...NEW_KEY.scopes },
  created_by: '0xd8da6bf26964af9d7eed9e03e53415d37aa96045',
  created_at: CREATED,
  expires_at: CREATED + NEW_KEY.expires_in,
  revoked_at: null,
  replaced_by: null,
  last_used_at: CREATED + 600,
}

export const MADE_KEY = { ...KEY, last_used_at: null, secret: `gw_Ab3${'x'.repeat(36)}9xYz` }

export const REVOKED_KEY = { ...KEY, status: 'revoked', revoked_at: CREATED + 3_600 }

export const KEY_LIST = { object: 'list', data: [KEY], first_id: KEY.id, last_id: KEY.id, has_more: false }
