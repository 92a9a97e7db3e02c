import { type RawBuilder, sql } from 'kysely'

/** When something ends by itself: at a Unix time, or so long after now by the store's clock; null: never. */
export type Expiry = { atSec: number } | { inSec: number } | null

export function toTimestamp(expiry: Expiry): RawBuilder<Date | null> {
  if (expiry === null) return sql`null::timestamptz`
  if ('atSec' in expiry) return sql`to_timestamp(${expiry.atSec}::float8)`
  return sql`clock_timestamp() + ${expiry.inSec}::float8 * interval '1 second'`
}
