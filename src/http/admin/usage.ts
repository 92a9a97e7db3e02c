import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import { USAGE_GROUPS, type UsageQuery, type UsageSum, type UsageTotals } from '../../accounts/admin/usage-totals.ts'
import { toCreditText } from '../../accounts/credits.ts'
import { parseRequest } from '../parse-request.ts'

/** `GET /admin/usage`: of all callers. */
export function showUsage(desk: Pick<AdminDesk, 'usage'>): RequestHandler {
  return async (req, res) => {
    const query = parseUsageQuery(req.query)
    res.json(toWireUsageTotals(query, await desk.usage(query)))
  }
}

const day = z
  .string()
  .refine((text) => text.startsWith('20') && z.iso.date().safeParse(text).success, 'Expected a day: 2026-11-22.')
  .optional()
const Query = z.strictObject({ by: z.enum(USAGE_GROUPS).default('model'), from: day, to: day })

/** @throws {@link BadRequestError} */
export const parseUsageQuery = (query: unknown): UsageQuery => parseRequest(Query, query)

type WireSum = {
  runs: number
  prompt_tokens: number
  cached_tokens: number
  completion_tokens: number
  amount: string
  written_off: string
}

/** Days are in UTC, and `to` is the last one. */
export type WireUsageTotals = {
  object: 'usage'
  by: UsageQuery['by']
  from: string
  to: string
  total: WireSum
  data: readonly ({ group: string | null } & WireSum)[]
}

export function toWireUsageTotals({ by }: UsageQuery, { from, to, total, groups }: UsageTotals): WireUsageTotals {
  const data = groups.map(({ group, ...sum }) => ({ group, ...toWireSum(sum) }))
  return { object: 'usage', by, from, to, total: toWireSum(total), data }
}

function toWireSum(sum: UsageSum): WireSum {
  return {
    runs: sum.runs,
    prompt_tokens: sum.promptTokens,
    cached_tokens: sum.cachedTokens,
    completion_tokens: sum.completionTokens,
    amount: toCreditText(sum.amount),
    written_off: toCreditText(sum.writtenOff),
  }
}
