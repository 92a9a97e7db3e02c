import { type RawBuilder, sql } from 'kysely'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import { resolveDays, type UsageDays, type WantedDays } from './usage-days.ts'
import { runLines, toolLines } from './usage-lines.ts'

/** What runs may be summed up by. `member`: whose runs they are; `account`: who paid. Days are in UTC. */
export type UsageGroup = 'day' | 'model' | 'tool' | 'key' | 'member' | 'account' | 'outcome'

/** Only these runs. */
export type UsageFilter = {
  /** Whose they are. */
  caller?: string | undefined
  /** Charged to this org. */
  orgId?: string | undefined
}

export type UsageQuery = WantedDays & {
  filter: UsageFilter
  /** Nothing: all in one. */
  groupBy: readonly UsageGroup[]
  limit: number
}

/** Amounts are micro-credits. */
export type UsageSum = {
  runs: number
  promptTokens: number
  /** Of these. */
  cachedTokens: number
  completionTokens: number
  toolCalls: number
  charged: bigint
  /** Cost, and not charged. */
  writtenOff: bigint
  /** Of which some tokens are our estimate. */
  estimatedRuns: number
}

/**
 * A row for each group there is, in the order of days and then the dearest first; what is charged in all of them is what is
 * charged in `total`. By tool, each run counts for each tool it called and, with tokens and the price of a run, for `tool: null`.
 */
export type UsageTotals = UsageDays & { total: UsageSum; rows: readonly UsageRow[]; hasMore: boolean }
type UsageRow = UsageSum & { group: UsageGrouping }
export type UsageGrouping = { readonly [Name in UsageGroup]?: string | null } & { readonly keyName?: string | null }

/** @throws as {@link resolveDays}. */
export async function usageTotals(db: LedgerDb, query: UsageQuery): Promise<UsageTotals> {
  const { filter, groupBy, limit } = query
  const days = await resolveDays(db, query)
  const lines = groupBy.includes('tool') ? toolLines : runLines
  const columns = groupBy.map((name) => sql`${GROUPS[name]} as ${sql.ref(name)}`)
  const { rows } = await sql<SumRow>`
    with lines as (${lines(toCondition(filter, days))}),
    counted as (
      select ${sql.join([...columns, ...toSums(groupBy)])} from lines
      group by ${groupBy.length === 0 ? sql`()` : sql`grouping sets ((${columnList(groupBy)}), ())`}
    )
    select counted.*, charged::text as charged, "writtenOff"::text as "writtenOff"
      ${groupBy.includes('key') ? sql`, api_keys.name as "keyName"` : sql``}
    from counted ${groupBy.includes('key') ? sql`left join api_keys on api_keys.id = counted.key` : sql``}
    order by ${sql.join(toOrder(groupBy))}
    limit ${limit + 2}`.execute(db)
  const [total, ...groups] = rows
  if (total === undefined) throw new Error('a sum of nothing has a row too')
  const shown = groupBy.length === 0 ? [total] : groups.slice(0, limit)
  return {
    ...days,
    total: toSum(total),
    rows: shown.map((row) => ({ group: toGrouping(row, groupBy), ...toSum(row) })),
    hasMore: groups.length > limit,
  }
}

const GROUPS: Record<UsageGroup, RawBuilder<unknown>> = {
  day: sql`lines.day`,
  model: sql`lines.model`,
  tool: sql`lines.tool`,
  key: sql`lines.key_id`,
  member: sql`lines.caller`,
  account: sql`lines.account`,
  outcome: sql`lines.outcome`,
}

const columnList = (groupBy: readonly UsageGroup[]) => sql.join(groupBy.map((name) => GROUPS[name]))

function toCondition({ caller, orgId }: UsageFilter, { from, to }: UsageDays): RawBuilder<boolean> {
  return sql.join(
    [
      sql`at >= ${from}::date::timestamp at time zone 'UTC' and at < (${to}::date + 1)::timestamp at time zone 'UTC'`,
      ...(caller === undefined ? [] : [sql`caller = ${caller}`]),
      ...(orgId === undefined ? [] : [sql`org_id = ${orgId}`]),
    ],
    sql` and `,
  )
}

function toSums(groupBy: readonly UsageGroup[]): readonly RawBuilder<unknown>[] {
  const isTotal =
    groupBy.length === 0 ? sql`true` : sql`grouping(${columnList(groupBy)}) = ${2 ** groupBy.length - 1}::int`
  const isSplit = groupBy.includes('tool') ? sql`grouping(lines.tool) = 0` : sql`false`
  const counted = (condition: RawBuilder<unknown>) => sql`
    case when ${isSplit} then count(*) filter (where ${condition})
    else count(*) filter (where is_run and ${condition}) end::float8`
  const sum = (column: string) => sql`coalesce(sum(${sql.ref(column)}), 0)`
  return [
    sql`${isTotal} as "isTotal"`,
    sql`${counted(sql`true`)} as runs`,
    sql`${sum('prompt_tokens')}::float8 as "promptTokens"`,
    sql`${sum('cached_tokens')}::float8 as "cachedTokens"`,
    sql`${sum('completion_tokens')}::float8 as "completionTokens"`,
    sql`${sum('tool_calls')}::float8 as "toolCalls"`,
    sql`${sum('charged')} as charged`,
    sql`${sum('written_off')} as "writtenOff"`,
    sql`${counted(sql`is_estimated`)} as "estimatedRuns"`,
  ]
}

function toOrder(groupBy: readonly UsageGroup[]): readonly RawBuilder<unknown>[] {
  const names = groupBy.filter((name) => name !== 'day').map((name) => sql`counted.${sql.ref(name)} nulls last`)
  const days = groupBy.includes('day') ? [sql`counted.day`] : []
  return [sql`"isTotal" desc`, ...days, sql`counted.charged desc`, sql`runs desc`, ...names]
}

type SumRow = Omit<UsageSum, 'charged' | 'writtenOff'> & UsageGrouping & { charged: string; writtenOff: string }

function toGrouping(row: SumRow, groupBy: readonly UsageGroup[]): UsageGrouping {
  const names = groupBy.includes('key') ? [...groupBy, 'keyName' as const] : groupBy
  return Object.fromEntries(names.map((name) => [name, row[name] ?? null]))
}

function toSum(row: SumRow): UsageSum {
  const { runs, promptTokens, cachedTokens, completionTokens, toolCalls, estimatedRuns } = row
  return {
    runs,
    promptTokens,
    cachedTokens,
    completionTokens,
    toolCalls,
    charged: BigInt(row.charged),
    writtenOff: BigInt(row.writtenOff),
    estimatedRuns,
  }
}
