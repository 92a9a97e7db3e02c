import { toOwnName } from '../../accounts/claimed-caller.ts'
import { toCreditText } from '../../accounts/credits.ts'
import type { UsageGrouping, UsageSum, UsageTotals } from '../../accounts/usage/usage-totals.ts'
import type { OwnUsageGroup } from './usage-query.ts'

/** Amounts are exact decimal texts of credits. */
type WireSum = {
  runs: number
  prompt_tokens: number
  cached_tokens: number
  completion_tokens: number
  tool_calls: number
  charged: string
  written_off: string
  estimated_runs: number
}

/** Those of its groups. */
type WireGroup = {
  day?: string
  model?: string
  /** Null: what of a run is no tool's. */
  tool?: string | null
  /** Null: by a signed-in wallet. */
  key_id?: string | null
  key_name?: string | null
  member?: string
}

/** Days are in UTC, and `to` is the last one. */
type WireUsage = {
  object: 'usage'
  from: string
  to: string
  group_by: readonly OwnUsageGroup[]
  org_id: string | null
  total: WireSum
  data: readonly (WireGroup & WireSum)[]
}

export function toWireUsage(
  { from, to, total, rows }: UsageTotals,
  { groupBy, orgId = null }: { groupBy: readonly OwnUsageGroup[]; orgId?: string | null | undefined },
): WireUsage {
  const data = rows.map(({ group, ...sum }) => ({ ...toWireGroup(group, groupBy), ...toWireSum(sum) }))
  return { object: 'usage', from, to, group_by: groupBy, org_id: orgId, total: toWireSum(total), data }
}

/** In the order that was asked for. */
export function toWireGroup(group: UsageGrouping, groupBy: readonly OwnUsageGroup[]): WireGroup {
  const fields = groupBy.flatMap((name) => {
    if (name === 'member') return [[name, group.member && toOwnName(group.member)]]
    if (name !== 'key') return [[name, group[name]]]
    return [
      ['key_id', group.key],
      ['key_name', group.keyName],
    ]
  })
  return Object.fromEntries(fields)
}

export function toWireSum(sum: UsageSum): WireSum {
  return {
    runs: sum.runs,
    prompt_tokens: sum.promptTokens,
    cached_tokens: sum.cachedTokens,
    completion_tokens: sum.completionTokens,
    tool_calls: sum.toolCalls,
    charged: toCreditText(sum.charged),
    written_off: toCreditText(sum.writtenOff),
    estimated_runs: sum.estimatedRuns,
  }
}
