import { type RawBuilder, sql } from 'kysely'
import type { Ceiling } from '../ledger.ts'
import type { LedgerDb } from './ledger-db.ts'

/** What a hold counts against, as its row remembers it. */
export type Counter = Pick<Ceiling, 'subject' | 'unit'> & {
  /** `day 2026-11-22`, `month 2026-11`, `ever` */
  period: string
  /** As it was when the hold was placed. */
  limit: string
}

/**
 * Counts `amount` against each ceiling, in the order in which everybody locks them.
 * @returns the first ceiling that does not allow it, and how much of it was used; then the transaction has to be undone.
 */
export async function countUp(
  tx: LedgerDb,
  ceilings: readonly Ceiling[],
  amount: bigint,
): Promise<{ counters: Counter[] } | { reached: Ceiling; used: bigint }> {
  const counters: Counter[] = []
  for (const ceiling of [...ceilings].sort(bySubject)) {
    const { subject, period, unit, limit } = ceiling
    const added = unit === 'runs' ? 1n : amount
    const { rows } = await sql<{ name: string; fits: boolean; used: string }>`
      with this as (select ${PERIODS[period].name} as name, ${PERIODS[period].until} as until),
      counted as (
        insert into spend_counters (subject, period, spent, held, until)
        select ${subject}, name, 0, ${added}::bigint, until from this where ${added}::bigint <= ${limit}::bigint
        on conflict (subject, period) do update set held = spend_counters.held + excluded.held
        where spend_counters.spent + spend_counters.held + excluded.held <= ${limit}::bigint
        returning period
      )
      select name, exists (select from counted) as fits, coalesce((
        select spent + held from spend_counters where subject = ${subject} and period = name
      ), 0)::text as used from this`.execute(tx)
    const [{ name, fits, used } = NONE] = rows
    if (!fits) return { reached: ceiling, used: BigInt(used) }
    counters.push({ subject, period: name, unit, limit: String(limit) })
  }
  return { counters }
}

/** Raises what an open hold counts for. False where a ceiling does not allow it; then the transaction has to be undone. */
export async function countMore(tx: LedgerDb, counters: readonly Counter[], more: bigint): Promise<boolean> {
  for (const { subject, period, unit, limit } of counters) {
    if (unit === 'runs') continue
    const { rows } = await sql`
      update spend_counters set held = held + ${more}::bigint
      where subject = ${subject} and period = ${period} and spent + held + ${more}::bigint <= ${limit}::bigint
      returning 1`.execute(tx)
    if (rows.length === 0) return false
  }
  return true
}

/** Takes a hold of `held` off what it counted for, and adds what was spent. */
export async function countDown(
  tx: LedgerDb,
  counters: readonly Counter[],
  { held, spent }: { held: bigint; spent: bigint },
): Promise<void> {
  for (const { subject, period, unit } of counters) {
    const isRun = unit === 'runs'
    await sql`
      update spend_counters
      set held = held - ${isRun ? 1n : held}::bigint, spent = spent + ${isRun ? 0n : spent}::bigint
      where subject = ${subject} and period = ${period}`.execute(tx)
  }
}

const NONE = { name: '', fits: false, used: '0' }

const bySubject = (a: Ceiling, b: Ceiling) => (`${a.subject} ${a.period}` < `${b.subject} ${b.period}` ? -1 : 1)

/** In UTC, by the store's clock. A counter outlives its period by more than any run. */
export const PERIODS: Record<Ceiling['period'], { name: RawBuilder<string>; until: RawBuilder<Date | null> }> = {
  day: {
    name: sql`to_char(clock_timestamp() at time zone 'UTC', '"day "YYYY-MM-DD')`,
    until: sql`clock_timestamp() + interval '3 days'`,
  },
  month: {
    name: sql`to_char(clock_timestamp() at time zone 'UTC', '"month "YYYY-MM')`,
    until: sql`clock_timestamp() + interval '33 days'`,
  },
  ever: { name: sql`'ever'`, until: sql`null::timestamptz` },
}
