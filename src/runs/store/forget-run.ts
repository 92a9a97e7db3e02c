import { sql } from 'kysely'
import { isRunId } from './run-row.ts'
import { settleEnded } from './settle-ended.ts'
import type { StoreDb } from './store-deps.ts'

export async function forgetRun(db: StoreDb, caller: string, id: string): Promise<boolean> {
  if (!isRunId(id)) return false
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql`
      select id from runs where id = ${id} and caller = ${caller} and ended_at is not null for update`.execute(tx)
    if (rows.length === 0) return false
    await settleEnded(tx, id) // by what goes with it
    await sql`delete from runs where id = ${id}`.execute(tx)
    return true
  })
}
