import { sql } from 'kysely'
import type { RunOutcome, RunRecord } from '../run-record.ts'
import { toStoredJson } from '../stored-json.ts'
import { endWith, NOTE_END } from './end-run.ts'
import { findRun } from './find-run.ts'
import { isRunId, RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import { settleEnded } from './settle-ended.ts'
import type { StoreDb } from './store-deps.ts'

/** The fence goes up: what the worker that has the run writes from now on is refused. */
export async function cancelRun(db: StoreDb, caller: string, id: string): Promise<RunRecord | undefined> {
  if (!isRunId(id)) return undefined
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<RunRow>`
      with ended as (
        update runs set ${endWith('cancelled', CANCELLED)}, fence = fence + 1
        where id = ${id} and caller = ${caller} and ended_at is null returning *
      ), noted as (${NOTE_END})
      select ${RUN_COLUMNS} from ended`.execute(tx)
    const [ended] = rows
    if (ended === undefined) return findRun(tx, caller, id)
    // A worker that is in the middle of a step knows best what that has cost: if it does not say, the upkeep goes by what is recorded.
    await settleEnded(tx, id, { unlessHeld: ended.startedAtMs !== null })
    return toRunRecord(ended)
  })
}

const CANCELLED = toStoredJson({ state: 'cancelled' } satisfies RunOutcome)
