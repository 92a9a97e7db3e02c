import { sql } from 'kysely'
import { countMore } from './counters.ts'
import { type FoundHold, findHold } from './find-hold.ts'
import { atomically, type LedgerDb } from './ledger-db.ts'

/** Raises an open hold to `amount` in all. False where the account, or a ceiling, does not allow it, or it is closed. */
export async function extendHold(
  db: LedgerDb,
  { runId, counters }: Pick<FoundHold, 'runId' | 'counters'>,
  amount: bigint,
): Promise<boolean> {
  const isCounted = counters.some(({ unit }) => unit === 'credits')
  if (!isCounted) return raise(db, runId, amount)
  try {
    return await atomically(db, async (tx) => {
      const held = (await findHold(tx, runId, { lock: 'wait' }))?.amount
      if (held === undefined) return false
      if (held >= amount) return true
      const isRaised = await raise(tx, runId, amount)
      if (!isRaised || !(await countMore(tx, counters, amount - held))) throw new RefusedError()
      return true
    })
  } catch (error) {
    if (error instanceof RefusedError) return false
    throw error
  }
}

async function raise(db: LedgerDb, runId: string, amount: bigint): Promise<boolean> {
  const { rows } = await sql<{ fits: boolean }>`
    with open as (select run_id, account, amount from holds where run_id = ${runId} and state = 'open' for update),
    funded as (
      update accounts set held = held + (${amount}::bigint - open.amount) from open
      where accounts.id = open.account and open.amount < ${amount}::bigint
        and balance - held >= ${amount}::bigint - open.amount
      returning run_id
    ), raised as (
      update holds set amount = ${amount}::bigint from funded where holds.run_id = funded.run_id returning 1
    )
    select (amount >= ${amount}::bigint or exists (select from raised)) as fits from open`.execute(db)
  return rows[0]?.fits === true
}

/** Undoes the transaction. */
class RefusedError extends Error {}
