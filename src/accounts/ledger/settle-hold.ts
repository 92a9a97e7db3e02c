import { sql } from 'kysely'
import type { RunDone, Settlement } from '../ledger.ts'
import { closeHolds, toBill } from './close-holds.ts'
import { countDown } from './counters.ts'
import { type FoundHold, findHold } from './find-hold.ts'
import { atomically, type LedgerDb, untilClear } from './ledger-db.ts'

/**
 * Charges what the run has done and frees the rest, in one statement where nothing else counts it.
 * @param hold - as it was last known: spares the question. @returns undefined where it was closed before, or there is none.
 */
export async function settleHold(db: LedgerDb, hold: FoundHold, done: RunDone): Promise<Settlement | undefined> {
  const { charge } = toBill({ hold, done })
  if (charge <= hold.amount && hold.counters.length === 0) {
    try {
      return (await untilClear(db, () => closeHolds(db, [{ hold, done }])))[0]
    } catch (error) {
      if (db.isTransaction || !isOutrun(error)) throw error
    }
  }
  return atomically(db, async (tx) => {
    const open = await findHold(tx, hold.runId, { lock: 'wait' })
    if (open === undefined) return undefined
    const held = open.amount < charge ? await raiseAsFarAsItGoes(tx, open, charge) : open.amount
    const [settlement] = await closeHolds(tx, [{ hold: open, done }])
    if (settlement !== undefined) await countDown(tx, open.counters, { held: open.amount, spent: min(charge, held) })
    return settlement
  })
}

/**
 * It has waited for an extension of the hold: Postgres tries the constraint on the account as it was before that, and only then
 * sees that it has changed. A statement that begins with the hold locked sees it as it is.
 */
function isOutrun(error: unknown): boolean {
  return (error as { constraint?: unknown }).constraint === 'held_not_negative'
}

/** What was generated has a price, and the account may have some of it. Ceilings are passed rather than the house's money given. */
async function raiseAsFarAsItGoes(
  tx: LedgerDb,
  { runId, account, amount }: FoundHold,
  charge: bigint,
): Promise<bigint> {
  const { rows } = await sql<{ available: string }>`
    select (balance - held)::text as available from accounts where id = ${account} for update`.execute(tx)
  const more = min(charge - amount, BigInt(rows[0]?.available ?? 0))
  if (more === 0n) return amount
  await sql`update accounts set held = held + ${more}::bigint where id = ${account}`.execute(tx)
  await sql`update holds set amount = amount + ${more}::bigint where run_id = ${runId}`.execute(tx)
  return amount + more
}

const min = (a: bigint, b: bigint) => (a < b ? a : b)
