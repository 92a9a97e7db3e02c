import { sql } from 'kysely'
import { isRunId } from './run-row.ts'
import type { StoreDb } from './store-deps.ts'
import { afterMs } from './times.ts'

export async function abandonRun(db: StoreDb, id: string, graceMs: number): Promise<void> {
  if (!isRunId(id)) return
  await sql`
    update runs set abandon_at = ${afterMs(graceMs)}
    where id = ${id} and ended_at is null and not has_key and not background`.execute(db)
}
