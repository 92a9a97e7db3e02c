import { type RawBuilder, sql } from 'kysely'
import { pruneSignIns } from '../../accounts/sign-in/prune-sign-ins.ts'
import type { StoreDb } from './store-deps.ts'
import { KEY_MS } from './submit.ts'
import { agoMs, NOW } from './times.ts'

/** Small, so that nobody waits for it. */
const BATCH = 200
const MAX_BATCHES = 50

/** A run that a key still answers with is kept as long as the key, one with a webhook until that is sent or given up. */
export async function prune(db: StoreDb, retentionMs: number): Promise<void> {
  await deleteAll(db, 'idempotency_keys', sql`created_at < ${agoMs(KEY_MS)}`)
  await deleteAll(
    db,
    'runs',
    sql`ended_at < ${agoMs(retentionMs)} and webhook_at is null
      and not exists (select from idempotency_keys where run_id = id)`,
  )
  await deleteAll(db, 'kept', sql`expires_at < ${NOW}`)
  await deleteAll(db, 'leases', sql`until < ${NOW}`)
  await pruneSignIns(db)
  await deleteAll(db, 'spend_counters', sql`until < ${NOW} and held = 0`)
}

async function deleteAll(db: StoreDb, table: string, past: RawBuilder<unknown>): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const { rows } = await sql`
      delete from ${sql.table(table)} where ctid = any(array(
        select ctid from ${sql.table(table)} where ${past} limit ${BATCH} for update skip locked
      )) returning 1`.execute(db)
    if (rows.length < BATCH) return
  }
}
