import { sql } from 'kysely'
import type { StoreDb } from './store-deps.ts'

/** Whether a run was cancelled, and perhaps forgotten since. */
export async function isCancelled(db: StoreDb, runId: string): Promise<boolean> {
  const { rows } = await sql`select from runs where id = ${runId} and state <> 'cancelled'`.execute(db)
  return rows.length === 0
}
