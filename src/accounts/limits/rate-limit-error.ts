import { GatewayError } from '../../errors.ts'
import type { RateLimit, RateUnit } from './rate-limit.ts'

/** How far a limit is used. */
export type RateStanding = {
  /** Which limit it is. */
  subject: string
  unit: RateUnit
  limit: number
  remaining: number
  /** Until all of it is free again. */
  msLeft: number
}

/** 429 `rate_limit_exceeded`, in OpenAI's wording, which clients read the wait from. Nothing was counted. */
export class RateLimitError extends GatewayError {
  /** Of all limits that were asked. */
  readonly standings: readonly RateStanding[]
  /** No wait helps. */
  readonly isTooLarge: boolean

  constructor(message: string, { unit, standings, msLeft }: RateLimitErrorOptions) {
    super(message, {
      status: 429,
      code: 'rate_limit_exceeded',
      type: unit,
      ...(msLeft !== undefined && { retryAfterSec: toSeconds(msLeft) }),
    })
    this.standings = standings
    this.isTooLarge = msLeft === undefined
  }
}

type RateLimitErrorOptions = {
  unit: RateUnit
  standings: readonly RateStanding[]
  /** Undefined where no wait helps. */
  msLeft: number | undefined
}

type Excess = { limit: RateLimit; used: number; amount: number; msLeft: number }

/** The minute of `excess` has no room left for it. */
export function toRateLimitError(
  { limit: { of, unit, perMinute }, used, amount, msLeft }: Excess,
  standings: readonly RateStanding[],
): RateLimitError {
  const wanted = amount > 0 ? `, Requested ${amount}` : ''
  return new RateLimitError(
    `Rate limit reached for ${of} on ${UNITS[unit]}: Limit ${perMinute}, Used ${used}${wanted}. ` +
      `Please try again in ${toSeconds(msLeft)}s.`,
    { unit, standings, msLeft },
  )
}

/** It alone is more than a whole minute's. */
export function toTooLargeError({ of, unit, perMinute }: RateLimit, amount: number): RateLimitError {
  return new RateLimitError(
    `Request too large for ${of} on ${UNITS[unit]}: Limit ${perMinute}, Requested ${amount}. ` +
      'The messages or max_tokens must be reduced in order to run successfully.',
    { unit, standings: [], msLeft: undefined },
  )
}

const UNITS = { requests: 'requests per min (RPM)', tokens: 'tokens per min (TPM)' } as const satisfies Record<
  RateUnit,
  string
>

/** SDKs ignore a wait above a minute, and a wait of 0. */
const toSeconds = (ms: number) => Math.min(60, Math.max(1, Math.ceil(ms / 1_000)))
