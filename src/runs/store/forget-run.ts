import { sql } from 'kysely'
import { GRACE_SEC } from '../../accounts/ledger/close-lost.ts'
import { isRunId } from './run-row.ts'
import { settleEnded } from './settle-ended.ts'
import type { StoreDb } from './store-deps.ts'
import { agoMs } from './times.ts'

export async function forgetRun(db: StoreDb, caller: string, id: string): Promise<boolean> {
  if (!isRunId(id)) return false
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ mayBeWorkedOn: boolean }>`
      select started_at is not null and ended_at > ${agoMs(GRACE_SEC * 1_000)} as "mayBeWorkedOn"
      from runs where id = ${id} and caller = ${caller} and ended_at is not null for update`.execute(tx)
    const [ended] = rows
    if (ended === undefined) return false
    // By what goes with it, unless a worker is about to tell what the step has cost that it was broken off in.
    await settleEnded(tx, id, { unlessHeld: ended.mayBeWorkedOn })
    await sql`delete from runs where id = ${id}`.execute(tx)
    return true
  })
}
