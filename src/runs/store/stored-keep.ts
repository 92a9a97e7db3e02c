import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { LRUCache } from 'lru-cache'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Keep } from '../keep.ts'
import { fromStoredJson, toStoredJson } from '../stored-json.ts'
import { afterMs, NOW } from './times.ts'

export type StoredKeepOptions = {
  database: Pick<Database, 'db'>
  /** Sets its values apart from those of other keeps. */
  kind: string
  ttlMs: number
  /** Of all values of one caller. */
  maxBytes?: number
}

const MAX_BYTES = 64 * 1024 * 1024
const LEAST_ENTRIES = 8
const ROW_BYTES = 256
/** What may be over the limit before it is looked at again: adding all values up is dear where they are many. */
const CHECKED_PART = 16
const KNOWN_CALLERS = 10_000

/**
 * Keeps in the store, for all processes. What was kept first goes first once a caller has too much; a value that would push out
 * many others is not kept at all.
 */
export function createStoredKeep<Value extends object>(options: StoredKeepOptions): Keep<Value> {
  const { database, kind, ttlMs, maxBytes = MAX_BYTES } = options
  const { db } = database
  /** What this process has added for a caller since it made room. */
  const added = new LRUCache<string, number>({ max: KNOWN_CALLERS })

  /** What others add meanwhile is seen by their own check, or the next. */
  async function makeRoom(caller: string): Promise<void> {
    await sql`
      with turn as materialized (
        select pg_try_advisory_xact_lock(hashtextextended(${`make room ${kind} ${caller}`}, 0)) as got
      )
      delete from kept using (
        select id as old_id, sum(octet_length(value) + ${ROW_BYTES}) over (order by expires_at desc, id) as total
        from kept where kind = ${kind} and caller = ${caller}
      ) as newest
      where kind = ${kind} and caller = ${caller} and id = old_id and total > ${maxBytes} and (select got from turn)
    `.execute(db)
  }

  return withStoreErrors({
    async get(caller, id) {
      const { rows } = await sql<{ value: string }>`
        select value from kept
        where kind = ${kind} and caller = ${caller} and id = ${toKey(id)} and expires_at >= ${NOW}`.execute(db)
      return rows[0] && fromStoredJson<Value>(rows[0].value)
    },
    async set(caller, id, value) {
      const text = toStoredJson(value)
      const bytes = Buffer.byteLength(text)
      if (bytes > maxBytes / LEAST_ENTRIES) return
      await sql`
        insert into kept (kind, caller, id, value, expires_at)
        values (${kind}, ${caller}, ${toKey(id)}, ${text}, ${afterMs(ttlMs)})
        on conflict (kind, caller, id) do update set value = excluded.value, expires_at = excluded.expires_at`.execute(
        db,
      )
      const sinceCheck = (added.get(caller) ?? maxBytes) + bytes + ROW_BYTES
      const isDue = sinceCheck > maxBytes / CHECKED_PART
      if (isDue) await makeRoom(caller)
      added.set(caller, isDue ? 0 : sinceCheck)
    },
    async delete(caller, id) {
      const { rows } = await sql<{ isLive: boolean }>`
        delete from kept where kind = ${kind} and caller = ${caller} and id = ${toKey(id)}
        returning expires_at >= ${NOW} as "isLive"`.execute(db)
      return rows[0]?.isLive ?? false
    },
  } satisfies Keep<Value>)
}

/** Callers choose some ids: what is long, or may not be text to Postgres, goes by its hash. */
function toKey(id: string): string {
  if (/^[\x21-\x7e]{1,200}$/.test(id) && !id.startsWith(HASHED)) return id
  return HASHED + createHash('sha256').update(JSON.stringify(id)).digest('hex')
}

const HASHED = 'sha256:'
