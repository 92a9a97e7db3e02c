import { type Kysely, sql } from 'kysely'
import { LRUCache } from 'lru-cache'
import type { Tables } from '../../db/schema.ts'

/** Notes that a key was used, about once a minute. It never waits, and a store that is away misses it: nothing depends on it. */
export function createNoteUse(db: Kysely<Tables>): (keyId: string) => void {
  const noted = new LRUCache<string, true>({ max: 20_000, ttl: MINUTE_MS })
  return (keyId) => {
    if (noted.has(keyId)) return
    noted.set(keyId, true)
    sql`
      update api_keys set last_used_at = clock_timestamp()
      where id = ${keyId} and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')`
      .execute(db)
      .catch(() => noted.delete(keyId))
  }
}

const MINUTE_MS = 60_000
