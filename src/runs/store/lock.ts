import { sql } from 'kysely'
import type { StoreDb } from './store-deps.ts'

/** A process that stops in the middle of a transaction must not hold up the others for long. */
const IDLE_MS = 5_000

/** Waits for `name`, which is this transaction's until its end. What others have committed meanwhile is seen from then on. */
export async function lockInTransaction(tx: StoreDb, name: string, idleMs = IDLE_MS): Promise<void> {
  await sql`
    select set_config('idle_in_transaction_session_timeout', ${String(idleMs)}, true),
      pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx)
}
