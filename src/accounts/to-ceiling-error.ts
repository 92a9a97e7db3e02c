import { GatewayError } from '../errors.ts'
import { toCreditText } from './credits.ts'
import type { Ceiling } from './ledger.ts'

/** What a key or a member of an org may spend, or run at once, is used up. */
export function toCeilingError({ of, unit, period, limit }: Ceiling, used: bigint): GatewayError {
  if (unit === 'runs') {
    return new GatewayError(`${of} has ${used} runs that have not ended, and may have ${limit}.`, {
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'rate_limit_error',
      details: { limit: String(limit) },
      retryAfterSec: 5,
    })
  }
  return new GatewayError(
    `${of} may spend ${toCreditText(limit)} credits a ${period}, and ${toCreditText(used)} of them are spent or held. ` +
      `Wait for the next ${period} (UTC), or have the budget raised.`,
    {
      status: 402,
      code: 'budget_exceeded',
      type: 'insufficient_quota',
      details: { limit: toCreditText(limit), used: toCreditText(used), period },
    },
  )
}
