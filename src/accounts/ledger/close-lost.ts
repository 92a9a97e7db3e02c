import { sql } from 'kysely'
import { isUnavailable } from '../../db/store-error.ts'
import type { RunDone } from '../ledger.ts'
import { expireHold } from './expire-hold.ts'
import { findHold } from './find-hold.ts'
import { atomically, type LedgerDb } from './ledger-db.ts'
import { settleHold } from './settle-hold.ts'

/** What the store has recorded of a run that has ended; undefined where it keeps none, or it has not ended. */
export type RecordOf = (tx: LedgerDb, runId: string) => Promise<RunDone | undefined>

const BATCH = 200
/** Of a run that was cancelled: its worker has so long to tell what it had begun. */
export const GRACE_SEC = 15

/** Each hold by itself: one that cannot be closed keeps no other open, and is told of at the end. */
export async function closeLost(db: LedgerDb, recordOf: RecordOf): Promise<{ settled: number; expired: number }> {
  const { rows } = await sql<{ runId: string }>`
    select run_id as "runId" from holds where state = 'open' and deadline < clock_timestamp()
    union
    select run_id from holds join runs on runs.id = run_id
    where holds.state = 'open' and runs.ended_at < clock_timestamp() - ${GRACE_SEC}::float8 * interval '1 s'
    limit ${BATCH}`.execute(db)
  let settled = 0
  let expired = 0
  let failure: unknown
  for (const { runId } of rows) {
    try {
      await atomically(db, async (tx) => {
        const hold = await findHold(tx, runId, { lock: 'skip' })
        if (hold === undefined) return
        const done = await recordOf(tx, runId)
        if (done === undefined) await expireHold(tx, hold)
        else await settleHold(tx, hold, done)
        if (done === undefined) expired++
        else settled++
      })
    } catch (error) {
      if (isUnavailable(error)) throw error
      failure ??= error
    }
  }
  if (failure !== undefined) throw failure
  return { settled, expired }
}
