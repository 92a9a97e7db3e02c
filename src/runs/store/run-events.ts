import { sql } from 'kysely'
import { toMs } from '../../db/to-ms.ts'
import type { RunNote, StoredEvent } from '../run-store.ts'
import { fromStoredJson } from '../stored-json.ts'
import { isRunId } from './run-row.ts'
import type { StoreDb } from './store-deps.ts'

type EventRow = { seq: number | null; atMs: number; note: string }

export async function runEvents(
  db: StoreDb,
  caller: string,
  id: string,
  after: number,
): Promise<readonly StoredEvent[] | undefined> {
  if (!isRunId(id)) return undefined
  // A run without news is one row of nulls; no run is none.
  const { rows } = await sql<EventRow>`
    select seq, ${toMs('at')} as "atMs", note::text as note
    from runs left join run_events on run_id = id and seq > ${Math.min(after, MAX_INT)}::int
    where id = ${id} and caller = ${caller} order by seq`.execute(db)
  if (rows.length === 0) return undefined
  return rows.flatMap(({ seq, atMs, note }) => (seq === null ? [] : [{ ...fromStoredJson<RunNote>(note), seq, atMs }]))
}

const MAX_INT = 2 ** 31 - 1
