import { sql } from 'kysely'
import type { RunOutcome, RunRecord } from '../run-record.ts'
import { toStoredJson } from '../stored-json.ts'
import { endWith, NOTE_END } from './end-run.ts'
import { findRun } from './find-run.ts'
import { isRunId, RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import type { StoreDb } from './store-deps.ts'

/** The fence goes up: what the worker that has the run writes from now on is refused. */
export async function cancelRun(db: StoreDb, caller: string, id: string): Promise<RunRecord | undefined> {
  if (!isRunId(id)) return undefined
  const { rows } = await sql<RunRow>`
    with ended as (
      update runs set ${endWith('cancelled', CANCELLED)}, fence = fence + 1
      where id = ${id} and caller = ${caller} and ended_at is null returning *
    ), noted as (${NOTE_END})
    select ${RUN_COLUMNS} from ended`.execute(db)
  return rows[0] === undefined ? findRun(db, caller, id) : toRunRecord(rows[0])
}

const CANCELLED = toStoredJson({ state: 'cancelled' } satisfies RunOutcome)
