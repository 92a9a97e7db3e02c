import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import type { UsageGroup, UsageQuery, UsageTotals } from '../../accounts/usage/usage-totals.ts'
import { parseRequest } from '../parse-request.ts'
import { DAY_FIELDS } from '../usage/usage-query.ts'
import { toWireSum } from '../usage/wire-usage.ts'

/** What the usage of all callers may be summed up by. */
export const ADMIN_USAGE_GROUPS = [
  'model',
  'account',
  'member',
  'key',
  'tool',
  'day',
  'outcome',
] as const satisfies readonly UsageGroup[]
type By = (typeof ADMIN_USAGE_GROUPS)[number]

/** `GET /admin/usage`: of all callers. */
export function showUsage(desk: Pick<AdminDesk, 'usage'>): RequestHandler {
  return async (req, res) => {
    const { by, ...order } = parseUsageOrder(req.query)
    res.json(toWireAdminUsage(by, await desk.usage(order)))
  }
}

const Query = z.strictObject({ by: z.enum(ADMIN_USAGE_GROUPS).default('model'), ...DAY_FIELDS })

/** @throws {@link BadRequestError} */
export function parseUsageOrder(query: unknown): UsageQuery & { by: By } {
  const { by, ...days } = parseRequest(Query, query)
  return { by, ...days, filter: {}, groupBy: [by], limit: MOST_GROUPS }
}

const MOST_GROUPS = 1_000

/** Days are in UTC, and `to` is the last one. */
export type WireAdminUsage = {
  object: 'usage'
  by: By
  from: string
  to: string
  total: ReturnType<typeof toWireSum>
  /** `group` is null for runs that no account paid for, that no key asked for, or that called no tool. */
  data: readonly ({ group: string | null } & ReturnType<typeof toWireSum>)[]
}

export function toWireAdminUsage(by: By, { from, to, total, rows }: UsageTotals): WireAdminUsage {
  const data = rows.map(({ group, ...sum }) => ({ group: group[by] ?? null, ...toWireSum(sum) }))
  return { object: 'usage', by, from, to, total: toWireSum(total), data }
}
