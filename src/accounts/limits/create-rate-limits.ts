import { LRUCache } from 'lru-cache'
import type { RateCount, RateCounters, RateWindow } from './rate-counters.ts'
import {
  networkLimits,
  type RatedIdentity,
  type RateLimit,
  type RateSettings,
  requestLimits,
  tokenLimits,
} from './rate-limit.ts'
import { type RateStanding, toRateLimitError, toTooLargeError } from './rate-limit-error.ts'

/**
 * What callers may ask for in a minute, of all gateways of a store together. Each method asks the counters once, or not at all
 * where there is no limit, and rejects with a 429 `RateLimitError`, or a 503 where the counters cannot be reached.
 */
export type RateLimits = {
  /** Counts a request of somebody who has not been asked who they are. */
  takeNetworkRequest(network: string): Promise<readonly RateStanding[]>
  /** Counts a request. Tokens are looked at, not counted: whoever has overdrawn them is refused here. */
  takeRequest(identity: RatedIdentity): Promise<readonly RateStanding[]>
  /** Counts a request that asks no model: whatever tokens are overdrawn. */
  takeAccountRequest(identity: RatedIdentity): Promise<readonly RateStanding[]>
  /** Counts what a run is going to take, as far as that can be told. Undefined where there is no limit. */
  takeTokens(identity: RatedIdentity, estimate: () => number): Promise<TakenTokens | undefined>
  /** `actual` is all that the run took. */
  correctTokens(taken: Pick<TakenTokens, 'amount' | 'windows'>, actual: number): Promise<void>
}

/** JSON: another process may correct it. */
export type TakenTokens = { amount: number; windows: readonly RateWindow[]; standings: readonly RateStanding[] }

export type RateLimitsDeps = { counters: Pick<RateCounters, 'take' | 'correct'>; settings: RateSettings }

export function createRateLimits({ counters, settings }: RateLimitsDeps): RateLimits {
  /** Networks that have used up their minute: however often they ask, the counters are left in peace until it ends. */
  const refused = new LRUCache<string, Answer>({ max: MAX_REFUSED })

  async function count(asks: readonly Ask[]): Promise<readonly Answer[]> {
    if (asks.length === 0) return []
    const takes = asks.map(({ limit, amount }) => ({ subject: limit.subject, amount, limit: limit.perMinute }))
    const counts = await counters.take(takes)
    return asks.map((ask, at) => {
      const answer = counts[at]
      if (answer === undefined) throw new Error(`the counters have nothing to say of '${ask.limit.subject}'`)
      return { ...ask, ...answer }
    })
  }

  return {
    async takeNetworkRequest(network) {
      const known = refused.get(network)
      if (known !== undefined) refuseExcess([{ ...known, msLeft: refused.getRemainingTTL(network) }])
      const answers = await count(networkLimits(network, settings).map((limit) => ({ limit, amount: 1 })))
      const [answer] = answers
      if (answer?.isWithin === false) refused.set(network, answer, { ttl: Math.ceil(answer.msLeft) || 1 })
      return refuseExcess(answers)
    },

    async takeRequest(identity) {
      const requests = requestLimits(identity, settings).map((limit) => ({ limit, amount: 1 }))
      const tokens = tokenLimits(identity, settings).map((limit) => ({ limit, amount: 0 }))
      return refuseExcess(await count([...requests, ...tokens]))
    },

    async takeAccountRequest(identity) {
      return refuseExcess(await count(requestLimits(identity, settings).map((limit) => ({ limit, amount: 1 }))))
    },

    async takeTokens(identity, estimate) {
      const limits = tokenLimits(identity, settings)
      if (limits.length === 0) return undefined
      const amount = estimate()
      const exceeded = limits.find(({ perMinute }) => amount > perMinute)
      if (exceeded !== undefined) throw toTooLargeError(exceeded, amount)
      const answers = await count(limits.map((limit) => ({ limit, amount })))
      const standings = refuseExcess(answers)
      return { amount, windows: answers.map(({ limit, window }) => ({ subject: limit.subject, window })), standings }
    },

    correctTokens: ({ amount, windows }, actual) => counters.correct(windows, actual - amount),
  }
}

type Ask = { limit: RateLimit; amount: number }
type Answer = Ask & RateCount

/** @throws RateLimitError for the limit that asks for the longest wait, where one has no room. */
function refuseExcess(answers: readonly Answer[]): readonly RateStanding[] {
  const standings = answers.map(toStanding)
  const [longest] = answers.filter(({ isWithin }) => !isWithin).sort((one, other) => other.msLeft - one.msLeft)
  if (longest !== undefined) throw toRateLimitError(longest, standings)
  return standings
}

const toStanding = ({ limit: { subject, unit, perMinute }, used, msLeft }: Answer): RateStanding => ({
  subject,
  unit,
  limit: perMinute,
  remaining: Math.max(0, perMinute - used),
  msLeft,
})

const MAX_REFUSED = 10_000
