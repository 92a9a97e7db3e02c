import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { isUniqueViolation } from '../../db/store-error.ts'

export type LedgerDb = Kysely<Tables>

/**
 * Does `work` in a transaction: the one that `db` is, or one of its own, which is tried again where others were in its way.
 * Everybody locks in one order (hold, account, counters), so that this is rare.
 */
export function atomically<Result>(db: LedgerDb, work: (tx: LedgerDb) => Promise<Result>): Promise<Result> {
  if (db.isTransaction) return work(db)
  return untilClear(db, () =>
    db.transaction().execute(async (tx) => {
      await sql`select set_config('idle_in_transaction_session_timeout', ${IDLE_MS}, true)`.execute(tx)
      return work(tx)
    }),
  )
}

/** Tries again what others were in the way of; not where `db` is a transaction, which is over then. */
export async function untilClear<Result>(db: LedgerDb, work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (db.isTransaction || tries === TRIES || !wasInTheWay(error)) throw error
    }
  }
}

/** A serialization failure, a deadlock, or the same transfer that was posted at the same moment: the second try finds it. */
function wasInTheWay(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === '40001' || code === '40P01' || isUniqueViolation(error, 'once_per_ref')
}

/** A process that stops in the middle must not keep an account locked for long. */
const IDLE_MS = '5000'
const TRIES = 4
