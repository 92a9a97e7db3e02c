import { KEY } from './key-examples.ts'
import { ORG } from './org-examples.ts'

const CREATED = ORG.created_at

export const ACCOUNT = {
  id: 'acct_m4t9c2x7k5v8b3qz',
  object: 'account',
  kind: 'account',
  name: 'ann',
  balance: '5',
  held: '0.12',
  available: '4.88',
  created_at: CREATED,
}

export const NEW_GRANT = { amount: '5', id: 'order-17', note: 'invoice 2026-17' }

export const GRANT = {
  id: NEW_GRANT.id,
  object: 'grant',
  account: ACCOUNT.id,
  amount: '5',
  balance: '5',
  repeated: false,
}

export const CORRECTION = { ...GRANT, id: '7c9e6679-7425-40de-944b-e07fc1f90ae7', object: 'correction', balance: '0' }

export const NEW_KEYS = {
  new_account: { name: 'ann', grant: '5' },
  wallet: { name: 'laptop', account: KEY.account, scopes: { models: ['operator'] }, expires_in: 2_592_000 },
}

export const VOUCHER = {
  id: 'vch_w8k3n6d9r2p5t7hj',
  object: 'voucher',
  hint: 'gwv_7k3m9…',
  amount: '2',
  max_uses: 30,
  uses: 4,
  note: 'workshop',
  created_by: 'admin',
  created_at: CREATED,
  expires_at: CREATED + 2_592_000,
  revoked_at: null,
}

export const VOUCHER_CODE = `gwv_${Array(5).fill('xxxxx').join('-')}`

const { role: _role, credits_per_day: _day, credits_per_month: _month, ...org } = ORG
export const ADMIN_ORG = org

const SUM = {
  runs: 120,
  prompt_tokens: 480_000,
  cached_tokens: 310_000,
  completion_tokens: 36_000,
  tool_calls: 210,
  charged: '0.1248',
  written_off: '0.000412',
  estimated_runs: 1,
}

export const USAGE_TOTALS = {
  object: 'usage',
  by: 'model',
  from: '2025-12-01',
  to: '2025-12-31',
  total: SUM,
  data: [{ group: 'operator', ...SUM }],
}

export const LEDGER_REPORT = {
  object: 'ledger.report',
  ok: true,
  invariants: [{ id: 'I2', title: 'a balance is the sum of its entries', checked: 1_204, found: 0, violations: [] }],
}
