import type { UsageTotals } from '../../accounts/usage/usage-totals.ts'
import { toCsv } from './to-csv.ts'
import type { OwnUsageGroup } from './usage-query.ts'
import { toWireGroup, toWireSum } from './wire-usage.ts'

/** A line for each row, without the total: whoever sums up a column gets it. */
export function toUsageCsv({ rows, total }: UsageTotals, groupBy: readonly OwnUsageGroup[]): string {
  const head = { ...toWireGroup({}, groupBy), ...toWireSum(total) }
  const lines = rows.map(({ group, ...sum }) => ({ ...toWireGroup(group, groupBy), ...toWireSum(sum) }))
  return toCsv([Object.keys(head), ...lines.map(Object.values<string | number | null>)])
}
