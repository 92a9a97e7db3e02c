import { sql } from 'kysely'
import { countDown } from './counters.ts'
import type { FoundHold } from './find-hold.ts'
import type { LedgerDb } from './ledger-db.ts'

/** Frees a hold that is locked in this transaction: whoever placed it is gone, and nothing was delivered. */
export async function expireHold(tx: LedgerDb, { runId, account, amount, counters }: FoundHold): Promise<void> {
  await sql`
    with closed as (
      update holds set state = 'expired', closed_at = clock_timestamp()
      where run_id = ${runId} and state = 'open' returning amount
    )
    update accounts set held = held - closed.amount from closed where id = ${account} and closed.amount > 0`.execute(tx)
  await countDown(tx, counters, { held: amount, spent: 0n })
}
