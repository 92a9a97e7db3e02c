import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import { RATE_WINDOW_MS, type RateCounters } from './rate-counters.ts'

export type PostgresCountersDeps = { database: Pick<Database, 'db'>; windowMs?: number }

export function createPostgresCounters({
  database: { db },
  windowMs = RATE_WINDOW_MS,
}: PostgresCountersDeps): RateCounters {
  let takes = 0

  /** Rows that nobody uses any more. Its failure is no request's: the next one tries again. */
  async function sweep(): Promise<void> {
    await sql`
      delete from rate_limits where subject in (
        select subject from rate_limits where ends_at < clock_timestamp() limit ${SWEEP_ROWS} for update skip locked
      )`.execute(db)
  }

  return withStoreErrors({
    async take(asked) {
      if (takes++ % SWEEP_EVERY === 0) sweep().catch(() => {})
      const { rows } = await sql<{ isWithin: boolean; used: number; msLeft: number; window: string }>`
        select is_within as "isWithin", used, ms_left as "msLeft", window_end as "window" from take_rates(
          ${asked.map(({ subject }) => subject)}::text[], ${asked.map(({ amount }) => amount)}::bigint[],
          ${asked.map(({ limit }) => limit)}::bigint[], ${windowMs}::float8
        )`.execute(db)
      return rows
    },

    async correct(taken, by) {
      if (by === 0 || taken.length === 0) return
      const subjects = taken.map(({ subject }) => subject)
      if (by < 0) {
        await sql`
          with held as (
            select rate.subject from rate_limits rate
            join unnest(${subjects}::text[], ${taken.map(({ window }) => window)}::text[]) as taken (subject, ends)
              on rate.subject = taken.subject and (extract(epoch from rate.ends_at) * 1000000)::bigint::text = taken.ends
            order by rate.subject for update of rate
          )
          update rate_limits rate set used = greatest(0, used + ${by}::bigint)
          from held where rate.subject = held.subject`.execute(db)
        return
      }
      await sql`
        insert into rate_limits as rate (subject, used, ends_at)
        select subject, ${by}::bigint, clock_timestamp() + ${windowMs}::float8 * interval '1 ms'
        from unnest(${subjects}::text[]) as subject order by subject
        on conflict (subject) do update set
          used = case when rate.ends_at > clock_timestamp() then rate.used else 0 end + excluded.used,
          ends_at = case when rate.ends_at > clock_timestamp() then rate.ends_at else excluded.ends_at end`.execute(db)
    },

    close: async () => {},
  } satisfies RateCounters)
}

const SWEEP_EVERY = 1_000
const SWEEP_ROWS = 10_000
