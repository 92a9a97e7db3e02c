import { sql } from 'kysely'
import { isRunId } from './run-row.ts'
import type { StoreDb } from './store-deps.ts'

export async function forgetRun(db: StoreDb, caller: string, id: string): Promise<boolean> {
  if (!isRunId(id)) return false
  const { rows } = await sql`
    delete from runs where id = ${id} and caller = ${caller} and ended_at is not null returning id`.execute(db)
  return rows.length > 0
}
