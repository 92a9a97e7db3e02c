import { sql } from 'kysely'
import type { Claim } from '../run-store.ts'
import type { RunStoreLimits, StoreDb } from './store-deps.ts'
import { afterMs, agoMs, LEASE_MS } from './times.ts'

/** A worker ends its runs at their deadline; one that has not by then does not keep them alive. */
export const OVERTIME_MS = 30_000

export async function renewClaims(
  db: StoreDb,
  { leaseMs = LEASE_MS }: Pick<RunStoreLimits, 'leaseMs'>,
  claims: readonly Claim[],
): Promise<readonly Claim[]> {
  if (claims.length === 0) return []
  const { rows } = await sql<{ id: string; fence: number }>`
    with held as (
      select runs.id from runs
      join unnest(${claims.map(({ runId }) => runId)}::text[], ${claims.map(({ fence }) => fence)}::int[]) as claims(id, fence)
        using (id, fence)
      where state = 'running' and deadline > ${agoMs(OVERTIME_MS)}
      order by id for no key update of runs
    )
    update runs set lease_until = ${afterMs(leaseMs)} from held where runs.id = held.id
    returning runs.id, runs.fence`.execute(db)
  const kept = new Set(rows.map(({ id, fence }) => `${id} ${fence}`))
  return claims.filter(({ runId, fence }) => !kept.has(`${runId} ${fence}`))
}
