import { sql } from 'kysely'
import type { LedgerDb } from '../ledger/ledger-db.ts'

export const USAGE_GROUPS = ['model', 'account', 'caller', 'day', 'outcome'] as const

/** Days are `2026-11-22`, in UTC. */
export type UsageQuery = {
  by: (typeof USAGE_GROUPS)[number]
  /** Default: 29 days before `to`. */
  from?: string | undefined
  /** The last day; default: today, by the store's clock. */
  to?: string | undefined
}

/** What runs did. Amounts are micro-credits. */
export type UsageSum = {
  runs: number
  promptTokens: number
  /** Of these. */
  cachedTokens: number
  completionTokens: number
  /** Charged. */
  amount: bigint
  /** Cost, and not charged. */
  writtenOff: bigint
}

/** `group` is null for runs of no account: nothing was to be paid. */
export type UsageTotals = {
  from: string
  to: string
  total: UsageSum
  /** The dearest first, days in their order; at most {@link MOST_GROUPS}. */
  groups: readonly (UsageSum & { group: string | null })[]
}

/** Of all callers. */
export async function usageTotals(db: LedgerDb, { by, from, to }: UsageQuery): Promise<UsageTotals> {
  const { rows } = await sql<UsageRow>`
    with range as (
      select to_date, coalesce(${from ?? null}::date, to_date - 29) as from_date
      from (select coalesce(${to ?? null}::date, (clock_timestamp() at time zone 'UTC')::date) as to_date) as given
    ), counted as (
      select ${GROUPS[by]} as "group", grouping(${GROUPS[by]}) = 1 as "isTotal", count(*)::float8 as runs,
        coalesce(sum(prompt_tokens), 0)::float8 as "promptTokens", coalesce(sum(cached_tokens), 0)::float8 as "cachedTokens",
        coalesce(sum(completion_tokens), 0)::float8 as "completionTokens",
        coalesce(sum(amount), 0)::text as amount, coalesce(sum(written_off), 0)::text as "writtenOff"
      from run_usage, range
      where at >= from_date::timestamp at time zone 'UTC' and at < (to_date + 1)::timestamp at time zone 'UTC'
      group by grouping sets ((${GROUPS[by]}), ())
    )
    select counted.*, from_date::text as "from", to_date::text as "to" from counted, range
    order by "isTotal" desc, ${by === 'day' ? sql`"group"` : sql`amount::numeric desc, runs desc, "group"`}
    limit ${MOST_GROUPS + 1}`.execute(db)
  const [total, ...groups] = rows
  if (total === undefined) throw new Error('a sum of nothing has a row too')
  return {
    from: total.from,
    to: total.to,
    total: toSum(total),
    groups: groups.map((row) => ({ group: row.group, ...toSum(row) })),
  }
}

const MOST_GROUPS = 1_000

const GROUPS = {
  model: sql`run_usage.model`,
  account: sql`run_usage.account`,
  caller: sql`run_usage.caller`,
  day: sql`(run_usage.at at time zone 'UTC')::date::text`,
  outcome: sql`run_usage.outcome`,
} as const

type UsageRow = Omit<UsageSum, 'amount' | 'writtenOff'> & {
  group: string | null
  amount: string
  writtenOff: string
  from: string
  to: string
}

function toSum({ runs, promptTokens, cachedTokens, completionTokens, amount, writtenOff }: UsageRow): UsageSum {
  return { runs, promptTokens, cachedTokens, completionTokens, amount: BigInt(amount), writtenOff: BigInt(writtenOff) }
}
