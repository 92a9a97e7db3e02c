const WALLET = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'
const CREATED = 1_767_225_600
const RUN_ID = 'run_4f1d2c3b4a5968778695a4b3'

const NO_BUDGETS = { credits_per_day: null, credits_per_month: null }

export const ACCOUNT = {
  object: 'account',
  id: WALLET,
  kind: 'wallet',
  wallet: WALLET,
  caller: WALLET,
  mode: 'paid',
  balance: '6.25',
  held: '0.02',
  available: '6.23',
  org: {
    id: 'org_k3v9q2m8x4t7b1zc',
    slug: 'acme',
    role: 'member',
    balance: '25',
    held: '0.12',
    available: '24.88',
    budgets: NO_BUDGETS,
  },
  key: {
    id: 'key_7k2m9q4x8t3v1bzc',
    name: 'laptop',
    budgets: { ...NO_BUDGETS, credits_per_day: { limit: '1.25', used: '0.4', available: '0.85' } },
  },
  top_up: {
    x402: true,
    deposit: { address: '0x00000000219ab540356cbb839cbe05303d7705fa', chains: ['base'] },
    vouchers: true,
  },
}

export const CLAIMED_ACCOUNT = {
  object: 'account',
  id: null,
  kind: null,
  wallet: WALLET,
  caller: WALLET,
  mode: 'free',
  balance: null,
  held: null,
  available: null,
  org: null,
  key: null,
  top_up: null,
}

const CHARGE = {
  id: '0d1e45f7-913f-4b6b-9723-92cfb799c417',
  object: 'entry',
  kind: 'charge',
  amount: '-0.002107',
  balance: '6.25',
  run_id: RUN_ID,
  ref: null,
  counterparty: null,
  note: null,
  caller: WALLET,
  key_id: ACCOUNT.key.id,
  model: 'operator',
  usage: {
    prompt_tokens: 1_931,
    cached_tokens: 1_024,
    completion_tokens: 63,
    tools: [{ name: 'transaction_count', calls: 1, amount: '0.0005' }],
    written_off: '0',
    is_estimated: false,
  },
  created_at: CREATED + 60,
}
const DEPOSIT = {
  ...CHARGE,
  id: '5b0c6a7e-2f0f-4c9a-8d53-1a1f6f0f7b21',
  kind: 'deposit',
  amount: '5',
  balance: '6.252107',
  run_id: null,
  ref: '8453:0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060:3',
  caller: null,
  key_id: null,
  model: null,
  usage: null,
  created_at: CREATED,
}
const HOLD = {
  id: RUN_ID,
  object: 'hold',
  amount: '0.02',
  caller: WALLET,
  key_id: ACCOUNT.key.id,
  model: 'conductor',
  created_at: CREATED,
  expires_at: CREATED + 1_560,
}

const pageOf = (...data: readonly { id: string }[]) => ({
  object: 'list',
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: false,
})

export const ENTRY_LIST = pageOf(CHARGE, DEPOSIT)
export const HOLD_LIST = pageOf(HOLD)
