import { sql } from 'kysely'
import type { Claim } from '../run-store.ts'
import { heldBy } from './held-by.ts'
import type { StoreDb } from './store-deps.ts'

/** It was no failed attempt: a worker that stops says nothing about the run. */
export async function releaseRun(db: StoreDb, claim: Claim): Promise<void> {
  await sql`
    update runs set state = 'queued', attempts = attempts - 1, worker = null, lease_until = null, added_at = null
    where ${heldBy(claim)}`.execute(db)
}
