import type { Response } from 'express'
import { RateLimitError, type RateStanding } from '../../accounts/limits/rate-limit-error.ts'

declare global {
  namespace Express {
    interface Locals {
      /** The limits that this request has been counted against so far. */
      rateStandings?: readonly RateStanding[]
    }
  }
}

/** Waits for the counters, and tells the caller what they say, whether there was room or not. */
export async function tellRates<Taken>(
  res: Response,
  taking: Promise<Taken>,
  standingsOf: (taken: Taken) => readonly RateStanding[],
): Promise<Taken> {
  try {
    const taken = await taking
    setHeaders(res, standingsOf(taken))
    return taken
  } catch (error) {
    if (error instanceof RateLimitError) {
      setHeaders(res, error.standings)
      if (error.isTooLarge && !res.headersSent) res.setHeader('x-should-retry', 'false')
    }
    throw error
  }
}

/** `x-ratelimit-…`, of the limit with the least room. */
function setHeaders(res: Response, standings: readonly RateStanding[]): void {
  if (standings.length === 0 || res.headersSent) return
  const known = new Map((res.locals.rateStandings ?? []).map((standing) => [standing.subject, standing]))
  for (const standing of standings) known.set(standing.subject, standing)
  const all = [...known.values()]
  res.locals.rateStandings = all
  for (const unit of ['requests', 'tokens'] as const) {
    const [tightest] = all.filter((standing) => standing.unit === unit).sort(byRoom)
    if (tightest === undefined) continue
    res.setHeader(`x-ratelimit-limit-${unit}`, String(tightest.limit))
    res.setHeader(`x-ratelimit-remaining-${unit}`, String(tightest.remaining))
    res.setHeader(`x-ratelimit-reset-${unit}`, toDuration(tightest.msLeft))
  }
}

const byRoom = (one: RateStanding, other: RateStanding) => one.remaining - other.remaining || other.msLeft - one.msLeft

/** `120ms`, `6s`, `1m0s`. */
export function toDuration(ms: number): string {
  if (ms < 1_000) return ms <= 0 ? '0s' : `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
