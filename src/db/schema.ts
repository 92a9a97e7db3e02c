import type { ColumnType, Generated } from 'kysely'

/**
 * The tables. JSON columns are `json`, not `jsonb`, which refuses some of the characters that models write; they hold what
 * `toStoredJson` makes. Times are the server's: no process compares its own clock with them.
 */
export type Tables = {
  runs: RunsTable
  run_events: RunEventsTable
  run_steps: RunStepsTable
  run_tools: RunToolsTable
  run_jobs: RunJobsTable
  idempotency_keys: IdempotencyKeysTable
  kept: KeptTable
  leases: LeasesTable
  accounts: AccountsTable
  ledger_transfers: LedgerTransfersTable
  ledger_entries: LedgerEntriesView
  holds: HoldsTable
  spend_counters: SpendCountersTable
  run_usage: RunUsageTable
  orgs: OrgsTable
  org_members: OrgMembersTable
  org_invitations: OrgInvitationsTable
  api_keys: ApiKeysTable
  sessions: SessionsTable
  sign_in_nonces: SignInNoncesTable
  audit_log: AuditLogTable
  vouchers: VouchersTable
  deposits: DepositsTable
  deposit_cursors: DepositCursorsTable
  x402_payments: X402PaymentsTable
  rate_limits: RateLimitsTable
}

/** Written as text, read as text: `fromStoredJson` parses it. */
export type Json = string
type WithDefault<T> = ColumnType<T, T | undefined, T>
/** `numeric` and `bigint` beyond 2^53: select it `::text`. */
export type BigText = ColumnType<string, string | bigint, string | bigint>

type RunsTable = {
  id: string
  caller: string
  route: string
  model: string
  state: WithDefault<'queued' | 'running' | 'completed' | 'failed' | 'cancelled' | 'expired'>
  order: Json
  envelope: Json
  /** Of `order` and `envelope`, which callers may make large. */
  bytes: number
  body_hash: string
  has_key: boolean
  background: boolean
  /** Taken by a process that runs it itself: no part of the queue, nor of anybody's share of it. */
  in_place: boolean
  run_timeout_ms: number
  created_at: Generated<Date>
  /** In the caller's share of the queue since. */
  admitted_at: Date | null
  /** Its job was last added to the queue. */
  added_at: Date | null
  started_at: Date | null
  ended_at: Date | null
  deadline: Date
  /** Its caller has left: cancelled then, unless somebody joins. */
  abandon_at: Date | null
  fence: WithDefault<number>
  /** Claims that were not given back. */
  attempts: WithDefault<number>
  worker: string | null
  lease_until: Date | null
  last_seq: WithDefault<number>
  steps: WithDefault<number>
  usage: Json
  outcome: Json | null
  webhook: Json | null
  webhook_tries: WithDefault<number>
  webhook_at: Date | null
}

type RunEventsTable = { run_id: string; seq: number; at: Generated<Date>; note: Json }
type RunStepsTable = { run_id: string; step: number; events: Json }
/** `seq` is that of its event. */
type RunToolsTable = { run_id: string; step: number; call_id: string; seq: number; record: Json }
/** Outlives its run: a job that a backend still works on is cancelled there. */
type RunJobsTable = {
  run_id: string
  step: number
  model: string
  job: Json
  /** To cancel it. */
  tries: WithDefault<number>
  try_at: Date | null
}
type IdempotencyKeysTable = {
  caller: string
  route: string
  key: string
  body_hash: string
  run_id: string
  created_at: Generated<Date>
}
type KeptTable = { kind: string; caller: string; id: string; value: string; expires_at: Date }
/** What one process at a time may do; `holder` is nobody once `until` has passed. */
type LeasesTable = { name: string; holder: string; until: Date }

/** Micro-credits, as all amounts below; the pool reads `bigint` as a number: select them `::text`. */
type Credits = BigText
type AccountsTable = {
  /** A wallet in lower case, `org_…`, or `acct_…` for who has no wallet. */
  id: string
  kind: 'wallet' | 'org' | 'account'
  name: string | null
  balance: ColumnType<string, string | bigint | undefined, string | bigint>
  held: ColumnType<string, string | bigint | undefined, string | bigint>
  created_at: Generated<Date>
}
export type TransferKind = 'charge' | 'grant' | 'voucher' | 'x402' | 'deposit' | 'move' | 'correction'
type LedgerTransfersTable = {
  id: Generated<string>
  kind: TransferKind
  /** What it is for: the run, the log of a deposit, …; at most one of a kind for each. */
  ref: string
  /** Gives. */
  debit: string
  /** Gets. */
  credit: string
  amount: Credits
  /** After it; null for accounts of the house. */
  debit_balance: ColumnType<string | null, string | bigint | null, never>
  credit_balance: ColumnType<string | null, string | bigint | null, never>
  note: string | null
  at: Generated<Date>
}
/** Both halves of each transfer. */
type LedgerEntriesView = {
  transfer_id: string
  account: string
  amount: string
  balance: string | null
  kind: TransferKind
  ref: string
  note: string | null
  at: Date
}
type HoldsTable = {
  run_id: string
  account: string
  amount: Credits
  state: WithDefault<'open' | 'settled' | 'released' | 'expired'>
  settled: ColumnType<string, string | bigint | undefined, string | bigint>
  caller: string
  key_id: string | null
  /** Whose account it is, where that is an org's. */
  org_id: string | null
  model: string
  /** What the run is charged by, whatever becomes of the price list. */
  terms: Json
  /** What it counts against, beside the account. */
  counters: Json
  created_at: Generated<Date>
  deadline: Date
  closed_at: Date | null
}
/** What a key or a member has spent in a day or a month, or runs that are open. */
type SpendCountersTable = {
  subject: string
  period: string
  spent: Credits
  held: Credits
  /** Not needed after that. */
  until: Date | null
}
/** One row a run that has ended, charged or not. */
type RunUsageTable = {
  run_id: string
  /** Null where nothing was to be paid: free mode. */
  account: string | null
  caller: string
  key_id: string | null
  org_id: string | null
  model: string
  outcome: 'completed' | 'failed' | 'cancelled' | 'left'
  steps: number
  prompt_tokens: number
  cached_tokens: number
  completion_tokens: number
  /** `[{ name, calls, amount }]`, amount as text. */
  tools: Json
  amount: Credits
  /** What it cost beyond what was held, or where it was not charged as the fault was ours. */
  written_off: Credits
  is_estimated: boolean
  at: Generated<Date>
}
type OrgsTable = { id: string; slug: string; name: string; created_at: Generated<Date>; closed_at: Date | null }
type Role = 'owner' | 'admin' | 'member' | 'viewer'
type NullableCredits = ColumnType<string | null, string | bigint | null | undefined, string | bigint | null>
type OrgMembersTable = {
  org_id: string
  account: string
  role: Role
  credits_per_day: NullableCredits
  credits_per_month: NullableCredits
  added_at: Generated<Date>
}
type OrgInvitationsTable = {
  id: string
  org_id: string
  hash: string
  role: Role
  /** Only this one may accept it. */
  wallet: string | null
  credits_per_day: NullableCredits
  credits_per_month: NullableCredits
  created_by: string
  created_at: Generated<Date>
  expires_at: Date
  revoked_at: Date | null
  accepted_at: Date | null
  accepted_by: string | null
}
type ApiKeysTable = {
  id: string
  hash: string
  /** What may be shown of it. */
  hint: string
  name: string
  /** Whose it is. */
  account: string
  /** Runs are charged to this org, where set. */
  org_id: string | null
  /** Whether the owner pays where the org cannot. */
  org_mode: WithDefault<'strict' | 'fallback'>
  scopes: Json
  created_by: string
  created_at: Generated<Date>
  expires_at: Date | null
  revoked_at: Date | null
  /** After a rotation. */
  replaced_by: string | null
  /** The first of the keys that it has replaced, whose budgets and limits go on; null where it is the first. */
  counts_as: string | null
  last_used_at: Date | null
}
type SessionsTable = {
  hash: string
  wallet: string
  chain_id: number
  created_at: Generated<Date>
  expires_at: Date
  revoked_at: Date | null
}
type SignInNoncesTable = { nonce: string; created_at: Generated<Date>; expires_at: Date }
type AuditLogTable = {
  id: Generated<string>
  at: Generated<Date>
  /** An account, `key_…`, `admin`, or `gateway`. */
  actor: string
  via: 'api' | 'cli' | 'gateway'
  ip: string | null
  request_id: string | null
  action: string
  subject: string
  org_id: string | null
  details: Json
}
type VouchersTable = {
  id: string
  hash: string
  hint: string
  amount: Credits
  max_uses: number
  uses: WithDefault<number>
  note: string | null
  created_by: string
  created_at: Generated<Date>
  expires_at: Date | null
  revoked_at: Date | null
}
type DepositsTable = {
  chain_id: number
  tx_hash: string
  log_index: number
  block_number: number
  block_hash: string
  token: string
  sender: string
  raw_amount: BigText
  account: string
  amount: Credits
  credited_at: Generated<Date>
}
type DepositCursorsTable = {
  chain_id: number
  token: string
  treasury: string
  next_block: number
  /** Of the block before it: the chain that was looked at. */
  last_hash: string
  updated_at: Generated<Date>
}
type X402PaymentsTable = {
  network: string
  asset: string
  payer: string
  /** Of the payer's authorization: a token takes it once. */
  nonce: string
  pay_to: string
  raw_amount: BigText
  account: string
  state: 'pending' | 'settled' | 'failed'
  /** What the payer has signed, to ask again; gone at the end. */
  payload: Json | null
  tx_hash: string | null
  reason: string | null
  created_at: Generated<Date>
  /** Nobody is at work on it from then on. */
  try_at: Date
  ended_at: Date | null
}
/** What was used of a limit in the minute that ends then. */
type RateLimitsTable = { subject: string; used: number; ends_at: Date }
