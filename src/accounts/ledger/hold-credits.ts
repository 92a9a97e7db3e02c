import { sql } from 'kysely'
import { isUniqueViolation } from '../../db/store-error.ts'
import { GatewayError } from '../../errors.ts'
import { InsufficientCreditsError } from '../insufficient-credits-error.ts'
import type { Ceiling, HoldOrder } from '../ledger.ts'
import { toStoredTerms } from '../price.ts'
import { toCeilingError } from '../to-ceiling-error.ts'
import { countUp } from './counters.ts'
import { type FoundHold, findHold } from './find-hold.ts'
import { atomically, type LedgerDb, untilClear } from './ledger-db.ts'
import { newHold } from './new-hold.ts'
import { readBalance } from './read-account.ts'

/** @throws see {@link LedgerDesk.hold}. In a transaction that is not its own it leaves nothing behind when it throws. */
export async function holdCredits(db: LedgerDb, { atBest, ...order }: HoldOrder): Promise<FoundHold> {
  if (atBest === undefined || atBest <= order.amount) return holdOf(db, order)
  try {
    return await holdOf(db, { ...order, amount: atBest })
  } catch (error) {
    if (!mayNextPay(error)) throw error
    return holdOf(db, order)
  }
}

async function holdOf(db: LedgerDb, order: Omit<HoldOrder, 'atBest'>): Promise<FoundHold> {
  let refusal: unknown
  for (const account of order.payers) {
    const ceilings = order.ceilings.filter(({ payer }) => payer === undefined || payer === account)
    try {
      if (ceilings.length > 0) return await placeCounted(db, order, account, ceilings)
      const { hold } = await place(db, order, account)
      return hold
    } catch (error) {
      if (!mayNextPay(error)) throw error
      refusal ??= error
    }
  }
  throw refusal ?? new Error('a hold needs somebody who pays')
}

/** The first payer's refusal is told, where all refuse. */
function mayNextPay(error: unknown): boolean {
  return error instanceof InsufficientCreditsError || (error as { code?: unknown }).code === 'budget_exceeded'
}

async function placeCounted(
  db: LedgerDb,
  order: HoldOrder,
  account: string,
  ceilings: readonly Ceiling[],
): Promise<FoundHold> {
  return atomically(db, async (tx) => {
    await sql`savepoint hold`.execute(tx)
    try {
      const { hold, isNew } = await place(tx, order, account)
      if (!isNew) return hold // which counts already
      const counted = await countUp(tx, ceilings, order.amount)
      if ('reached' in counted) throw toCeilingError(counted.reached, counted.used)
      await sql`update holds set counters = ${JSON.stringify(counted.counters)}::json where run_id = ${order.runId}`.execute(
        tx,
      )
      return { ...hold, counters: counted.counters }
    } catch (error) {
      await sql`rollback to savepoint hold`.execute(tx)
      return firstOf(tx, order.runId, error)
    }
  })
}

type Placed = { hold: FoundHold; isNew: boolean }

/** What {@link placeHolds} does for many, in a statement that is planned in half the time. */
async function place(db: LedgerDb, order: HoldOrder, account: string): Promise<Placed> {
  const hold = newHold(order, account)
  const { runId, amount, caller, keyId, orgId, model, terms } = hold
  const isFree = amount === 0n
  const funded = isFree
    ? sql`select id from accounts where id = ${account}`
    : sql`
      update accounts set held = held + ${amount}::bigint
      where id = ${account} and balance - held >= ${amount}::bigint
        and not exists (select from holds where run_id = ${runId})
      returning id`
  const placing = sql`
    with funded as (${funded}),
    placed as (
      insert into holds (run_id, account, amount, caller, key_id, org_id, model, terms, counters, deadline)
      select ${runId}, id, ${amount}::bigint, ${caller}, ${keyId}::text, ${orgId}::text, ${model},
        ${JSON.stringify(toStoredTerms(terms))}::json, '[]', clock_timestamp() + ${order.ttlMs}::float8 * interval '1 ms'
      from funded
      returning 1
    )
    select from placed`
  let rows: readonly unknown[]
  try {
    rows = (await untilClear(db, () => placing.execute(db))).rows
  } catch (error) {
    if (db.isTransaction) throw error
    return { hold: await firstOf(db, runId, error), isNew: false }
  }
  if (rows.length > 0) return { hold, isNew: true }
  const known = await findFirst(db, runId)
  if (known !== undefined) return { hold: known, isNew: false }
  // Asked anew: the statement saw the account as it was before others, whom it has waited for, held theirs.
  const { available = 0n } = (await readBalance(db, account)) ?? {}
  throw new InsufficientCreditsError({ needed: amount, available, account })
}

/** Where a twin came first, its hold; whatever else went wrong is thrown. */
async function firstOf(db: LedgerDb, runId: string, error: unknown): Promise<FoundHold> {
  const first = isUniqueViolation(error, 'holds_pkey') ? await findFirst(db, runId) : undefined
  if (first === undefined) throw error
  return first
}

/** @throws 409 `run_ended` where it is closed: a run is charged once. */
async function findFirst(db: LedgerDb, runId: string): Promise<FoundHold | undefined> {
  const open = await findHold(db, runId)
  if (open !== undefined) return open
  const { rows } = await sql`select from holds where run_id = ${runId} and state <> 'open'`.execute(db)
  if (rows.length === 0) return undefined
  throw new GatewayError('This run has ended already.', { status: 409, code: 'run_ended' })
}
