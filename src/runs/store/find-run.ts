import { sql } from 'kysely'
import type { RunRecord } from '../run-record.ts'
import { isRunId, RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import type { StoreDb } from './store-deps.ts'

export async function findRun(db: StoreDb, caller: string, id: string): Promise<RunRecord | undefined> {
  if (!isRunId(id)) return undefined
  const { rows } = await sql<RunRow>`
    select ${RUN_COLUMNS} from runs where id = ${id} and caller = ${caller}`.execute(db)
  return rows[0] && toRunRecord(rows[0])
}
