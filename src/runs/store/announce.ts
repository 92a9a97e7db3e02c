import { sql } from 'kysely'
import type { StoreDb } from './store-deps.ts'

/** Where processes hear that a run has changed; the payload is its id. */
export const RUNS_CHANNEL = 'groundwire_runs'

/** Tells all processes that runs have changed, soon. */
export type Announce = (ids: readonly string[]) => void

/**
 * Tells after the change is committed, and not with it: Postgres commits transactions that notify one after the other, each
 * with its own wait for the disk, which leaves an eighth of the changes a second. What is lost with this process, those who
 * wait find at their next look.
 */
export function createAnnounce(db: StoreDb): Announce {
  const changed = new Set<string>()
  let isTelling = false

  async function tell(): Promise<void> {
    isTelling = true
    while (changed.size > 0) {
      const ids = [...changed]
      changed.clear()
      // Nothing is written that would have to outlast a crash.
      await sql`
        select set_config('synchronous_commit', 'off', true), pg_notify(${RUNS_CHANNEL}, id)
        from unnest(${ids}::text[]) as changed(id)`
        .execute(db)
        .catch(() => {})
    }
    isTelling = false
  }

  return (ids) => {
    for (const id of ids) changed.add(id)
    if (!isTelling) void tell()
  }
}
