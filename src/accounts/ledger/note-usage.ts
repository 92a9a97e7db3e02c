import { sql } from 'kysely'
import type { RunDone } from '../ledger.ts'
import type { LedgerDb } from './ledger-db.ts'
import { insertUsage } from './settle-hold.ts'

/** Notes a run that is kept in the store and was not held for. Once: the second time changes nothing. */
export async function noteUsage(tx: LedgerDb, runId: string, done: RunDone): Promise<void> {
  await sql`
    ${insertUsage(
      done,
      { toolPrices: {} },
      {
        from: sql`(
        select id as run_id, null::text as account, caller, null::text as key_id, null::text as org_id, model from runs
        where id = ${runId} and not exists (select from holds where run_id = ${runId})
      ) as free`,
        amount: sql`0`,
        writtenOff: sql`0`,
      },
    )} on conflict (run_id) do nothing`.execute(tx)
}
