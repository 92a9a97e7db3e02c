import { type RawBuilder, sql } from 'kysely'
import type { Claim } from '../run-store.ts'

/** That the run is the claim's own still. Holds until the end of the statement where the row is locked with it. */
export function heldBy({ runId, fence }: Claim): RawBuilder<boolean> {
  return sql`id = ${runId} and fence = ${fence} and state = 'running'`
}
