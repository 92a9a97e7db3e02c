import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'

/** Small, so that nobody waits for it. */
const BATCH = 200
const MAX_BATCHES = 50

/** Deletes nonces and sessions that have expired. Several processes may do it at once. */
export async function pruneSignIns(db: Kysely<Tables>): Promise<void> {
  for (const table of ['sign_in_nonces', 'sessions']) {
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const { rows } = await sql`
        delete from ${sql.table(table)} where ctid = any(array(
          select ctid from ${sql.table(table)} where expires_at < clock_timestamp() limit ${BATCH} for update skip locked
        )) returning 1`.execute(db)
      if (rows.length < BATCH) break
    }
  }
}
