import { CompiledQuery, sql } from 'kysely'
import { createBatches } from '../../db/create-batches.ts'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import { RATE_WINDOW_MS, type RateCount, type RateCounters, type RateTake, type RateWindow } from './rate-counters.ts'

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

  /** Several requests at once, in their order. */
  async function takeAll(asks: readonly (readonly RateTake[])[]): Promise<RateCount[][]> {
    const takes = asks.flatMap((asked, asker) => asked.map((take) => ({ ...take, asker })))
    const params = [
      takes.map(({ asker }) => asker),
      takes.map(({ subject }) => subject),
      takes.map(({ amount }) => amount),
      takes.map(({ limit }) => limit),
      windowMs,
    ]
    const { rows } = await db.executeQuery<RateCount>(CompiledQuery.raw(TAKE, params))
    const starts = asks.map((_, asker) => asks.slice(0, asker).reduce((sum, { length }) => sum + length, 0))
    return asks.map(({ length }, asker) => rows.slice(starts[asker], (starts[asker] ?? 0) + length))
  }

  const takeOne = createBatches(takeAll, async (asked: readonly RateTake[]) => (await takeAll([asked]))[0] ?? [])

  async function correctAll(asks: readonly (readonly Correction[])[]): Promise<true[]> {
    const corrections = asks.flat()
    const back = sumUp(
      corrections.filter(({ by }) => by < 0),
      ({ subject, window }) => `${subject} ${window}`,
    )
    const more = sumUp(
      corrections.filter(({ by }) => by > 0),
      ({ subject }) => subject,
    )
    if (back.length > 0) {
      const params = [back.map(({ subject }) => subject), back.map(({ window }) => window), back.map(({ by }) => by)]
      await db.executeQuery(CompiledQuery.raw(GIVE_BACK, params))
    }
    if (more.length > 0) {
      const params = [more.map(({ subject }) => subject), more.map(({ by }) => by), windowMs]
      await db.executeQuery(CompiledQuery.raw(TAKE_MORE, params))
    }
    return asks.map(() => true)
  }

  const correctOne = createBatches(correctAll, async (asked: readonly Correction[]) => {
    await correctAll([asked])
    return true
  })

  return withStoreErrors({
    async take(asked) {
      if (takes++ % SWEEP_EVERY === 0) sweep().catch(() => {})
      return takeOne(asked)
    },

    async correct(taken, by) {
      if (by !== 0 && taken.length > 0) await correctOne(taken.map((rate) => ({ ...rate, by })))
    },

    close: async () => {},
  } satisfies RateCounters)
}

const TAKE = `
  select is_within as "isWithin", used, ms_left as "msLeft", window_end as "window"
  from take_rates($1::int[], $2::text[], $3::bigint[], $4::bigint[], $5::float8)`

const GIVE_BACK = `
  with held as (
    select rate.subject, taken.by from rate_limits rate
    join unnest($1::text[], $2::text[], $3::bigint[]) as taken (subject, ends, by)
      on rate.subject = taken.subject and (extract(epoch from rate.ends_at) * 1000000)::bigint::text = taken.ends
    order by rate.subject for update of rate
  )
  update rate_limits rate set used = greatest(0, used + held.by) from held where rate.subject = held.subject`

const TAKE_MORE = `
  insert into rate_limits as rate (subject, used, ends_at)
  select subject, by, clock_timestamp() + $3::float8 * interval '1 ms'
  from unnest($1::text[], $2::bigint[]) as more (subject, by) order by subject
  on conflict (subject) do update set
    used = case when rate.ends_at > clock_timestamp() then rate.used else 0 end + excluded.used,
    ends_at = case when rate.ends_at > clock_timestamp() then rate.ends_at else excluded.ends_at end`

type Correction = RateWindow & { by: number }

/** One for each key: a statement changes a row once. */
function sumUp(corrections: readonly Correction[], keyOf: (one: Correction) => string): readonly Correction[] {
  const sums = new Map<string, Correction>()
  for (const one of corrections) {
    const key = keyOf(one)
    sums.set(key, { ...one, by: one.by + (sums.get(key)?.by ?? 0) })
  }
  return [...sums.values()]
}

const SWEEP_EVERY = 1_000
const SWEEP_ROWS = 10_000
