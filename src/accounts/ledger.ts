import type { Usage } from '../messages.ts'
import type { Terms } from './price.ts'

/**
 * Accounts and what moves between them, in micro-credits. Every change is one transaction of the store. All reject with a 503
 * GatewayError `store_unavailable` while Postgres cannot be reached.
 */
export type Ledger = LedgerDesk & LedgerTill & LedgerUpkeep

/** What runs do: all keyed by run id, so that doing any of it twice changes nothing. */
export type LedgerDesk = {
  /**
   * Puts credits aside, so that nothing else can spend them. A second hold of a run is the first.
   * @throws {@link InsufficientCreditsError} 402 where none of the payers has them; 402 `budget_exceeded` or 429 where a ceiling
   * is reached.
   */
  hold(order: HoldOrder): Promise<Hold>
  /** Raises an open hold to `amount` in all. False where the account, or a ceiling, does not allow it, or it is closed. */
  extend(runId: string, amount: bigint): Promise<boolean>
  /**
   * Charges what the run has done, and frees the rest of its hold. Undefined where it was closed before, or there is none.
   * What costs more than is held takes the rest from the account, as far as that goes; what is left is written off.
   */
  settle(runId: string, done: RunDone): Promise<Settlement | undefined>
  /** That of a run that has not been closed. */
  findHold(runId: string): Promise<Hold | undefined>
}

export type HoldOrder = {
  runId: string
  /** Account ids, the first that can pays. */
  payers: readonly string[]
  /** What it takes at least. */
  amount: bigint
  /** What is put aside where it is there; default: `amount`. */
  atBest?: bigint | undefined
  /** Whose run it is. */
  caller: string
  keyId?: string | undefined
  /** Public id. */
  model: string
  terms: Terms
  /** By payer, or for all of them. */
  ceilings: readonly Ceiling[]
  /** When it is taken for lost, from now. */
  ttlMs: number
}

/** How much of something may be used in a time. */
export type Ceiling = {
  /** Names the counter: `key:key_…`, `member:org_…:0x…`. */
  subject: string
  /** For the caller: `This key`. */
  of: string
  /** By the store's clock, in UTC. Ever: runs that are open. */
  period: 'day' | 'month' | 'ever'
  unit: 'credits' | 'runs'
  limit: bigint
  /** Only where this account pays. */
  payer?: string | undefined
}

export type Hold = {
  runId: string
  account: string
  amount: bigint
  caller: string
  keyId: string | null
  /** Where an org pays. */
  orgId: string | null
  model: string
  terms: Terms
}

/** How a run has ended, and what it did. */
export type RunDone = {
  usage: Usage
  /** Calls by name. */
  tools: Readonly<Record<string, number>>
  steps: number
  outcome: 'completed' | 'failed' | 'cancelled' | 'left'
  /** Some of the usage is our estimate: a step was broken off. */
  isEstimated: boolean
  /** Our fault, and nothing was delivered. */
  isUncharged?: boolean
}

/** `cost` is what the work is worth, `charged` what was taken. */
export type Settlement = { account: string; cost: bigint; charged: bigint; balance: bigint }

/** What fills accounts and moves credits between them. */
export type LedgerTill = {
  /** Makes the account where there is none. */
  openAccount(account: NewAccount): Promise<void>
  balance(account: string): Promise<Balance | undefined>
  /** At most once for a kind and ref: the second time it tells the first. */
  topUp(topUp: TopUp): Promise<Posting>
  /** @throws {@link InsufficientCreditsError} */
  move(move: Move): Promise<Posting>
}

export type AccountKind = 'wallet' | 'org' | 'account'
export type NewAccount = { id: string; kind: AccountKind; name?: string | undefined }

export type Balance = { account: string; balance: bigint; held: bigint; available: bigint }

export type TopUpKind = 'grant' | 'voucher' | 'x402' | 'deposit'
export type TopUp = {
  kind: TopUpKind
  /** What it is for: `8453:0x…:3` for a deposit. */
  ref: string
  account: string
  amount: bigint
  note?: string | undefined
}

/** `correction` takes credits back to the house; `move` gives them to another account. */
export type Move = {
  kind: 'move' | 'correction'
  ref: string
  from: string
  to: string
  amount: bigint
  note?: string | undefined
}

/** `balance` is that of the account that was topped up, or that gave. */
export type Posting = { isNew: boolean; id: string; amount: bigint; balance: bigint }

export type LedgerUpkeep = {
  /**
   * Closes the holds that nobody will: those of runs that have ended a while ago are settled by what is recorded of the run,
   * those past their deadline expire. Returns how many. Several processes may do it at once.
   */
  closeLost(): Promise<{ settled: number; expired: number }>
}
