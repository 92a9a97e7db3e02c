import { type RawBuilder, sql } from 'kysely'
import { toMs } from '../../db/to-ms.ts'
import type { RunRecord } from '../run-record.ts'
import { fromStoredJson } from '../stored-json.ts'

/** A row of `runs` as {@link RUN_COLUMNS} reads it: JSON as text, times in unix milliseconds. */
export type RunRow = Omit<RunRecord, 'order' | 'envelope' | 'usage' | 'outcome'> & {
  order: string
  envelope: string
  usage: string
  outcome: string | null
}

/** Of `runs`, or of a CTE that returns its columns. The casts leave no room for the type parsers of a pool. */
export const RUN_COLUMNS: RawBuilder<RunRow> = sql`
  id, caller, model, state, steps,
  "order"::text as "order", envelope::text as envelope, usage::text as usage, outcome::text as outcome,
  ${toMs('created_at')} as "createdAtMs", ${toMs('started_at')} as "startedAtMs", ${toMs('ended_at')} as "endedAtMs",
  ${toMs('deadline')} as "deadlineMs"`

export function toRunRecord(row: RunRow): RunRecord {
  const { id, caller, model, state, steps, createdAtMs, startedAtMs, endedAtMs, deadlineMs } = row
  return {
    id,
    caller,
    model,
    state,
    order: fromStoredJson(row.order),
    envelope: fromStoredJson(row.envelope),
    createdAtMs,
    startedAtMs,
    endedAtMs,
    deadlineMs,
    steps,
    usage: fromStoredJson(row.usage),
    outcome: row.outcome === null ? null : fromStoredJson(row.outcome),
  }
}

/** `run_` and 24 letters or digits; what is none has no row, and might hold what Postgres does not take as text. */
export function isRunId(id: string): boolean {
  return /^run_[0-9a-z]{24}$/.test(id)
}
