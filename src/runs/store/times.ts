import { type RawBuilder, sql } from 'kysely'

/** How long a claim lasts, where the environment does not say otherwise. */
export const LEASE_MS = 8_000

/** The store's clock, as it goes on: `now()` stands still for a transaction, which may have waited for a lock. */
export const NOW: RawBuilder<Date> = sql.raw('clock_timestamp()')

/** From now; `ms` is a number of milliseconds, or a column of them. */
export function afterMs(ms: number | RawBuilder<number>): RawBuilder<Date> {
  return sql`(clock_timestamp() + ${ms}::float8 * interval '1 ms')`
}

export function agoMs(ms: number): RawBuilder<Date> {
  return afterMs(-ms)
}
