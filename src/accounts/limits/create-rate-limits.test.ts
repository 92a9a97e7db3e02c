import { expect, test, vi } from 'vitest'
import { createRateLimits } from './create-rate-limits.ts'
import type { RateCounters, RateTake } from './rate-counters.ts'
import type { RatedIdentity, RateSettings } from './rate-limit.ts'

const NO_LIMITS = { requestsPerMinute: 0, tokensPerMinute: 0, orgRequestsPerMinute: 0, ipRequestsPerMinute: 0 }
const CALLER: RatedIdentity = { caller: '0xabc', key: undefined, org: undefined, scopes: {} }
const KEY = { id: 'key_1', name: 'one' }

/** `used` by subject, before the request. */
function start(settings: Partial<RateSettings>, used: Record<string, number> = {}) {
  const asked: (readonly RateTake[])[] = []
  const corrected: unknown[] = []
  const hasRoom = ({ subject, amount, limit }: RateTake) => (used[subject] ?? 0) + amount <= limit
  const counters: Pick<RateCounters, 'take' | 'correct'> = {
    async take(takes) {
      asked.push(takes)
      const isTaken = takes.every((take) => hasRoom(take))
      return takes.map((take, at) => ({
        isWithin: hasRoom(take),
        used: (used[take.subject] ?? 0) + (isTaken ? take.amount : 0),
        msLeft: 20_000 + 10_000 * at,
        window: '1',
      }))
    },
    correct: async (...args) => void corrected.push(args),
  }
  return { limits: createRateLimits({ counters, settings: { ...NO_LIMITS, ...settings } }), asked, corrected }
}

test('where nothing is limited, the counters are not asked', async () => {
  const { limits, asked } = start({})
  expect(await limits.takeNetworkRequest('203.0.113.9')).toEqual([])
  expect(await limits.takeRequest({ ...CALLER, key: KEY, org: { id: 'org_1' } })).toEqual([])
  const estimate = vi.fn(() => 1)
  expect(await limits.takeTokens(CALLER, estimate)).toBeUndefined()
  expect(estimate).not.toHaveBeenCalled()
  expect(asked).toEqual([])
})

test('those who are nobody yet do not count as one caller', async () => {
  const { limits, asked } = start({ requestsPerMinute: 1, tokensPerMinute: 1 })
  const nobody = { ...CALLER, caller: '' }
  for (let count = 0; count < 3; count++) expect(await limits.takeRequest(nobody)).toEqual([])
  expect(await limits.takeTokens(nobody, () => 100)).toBeUndefined()
  expect(asked).toEqual([])
})

test('the key, the caller, the org and the tokens of a request are asked for at once', async () => {
  const { limits, asked } = start({ requestsPerMinute: 20, orgRequestsPerMinute: 300, tokensPerMinute: 5_000 })
  const scopes = { requestsPerMinute: 10, tokensPerMinute: 400 }
  const standings = await limits.takeRequest({ ...CALLER, key: KEY, org: { id: 'org_1' }, scopes })
  expect(asked).toEqual([
    [
      { subject: 'requests key:key_1', amount: 1, limit: 10 },
      { subject: 'requests caller:0xabc', amount: 1, limit: 20 },
      { subject: 'requests org:org_1', amount: 1, limit: 300 },
      { subject: 'tokens key:key_1', amount: 0, limit: 400 },
      { subject: 'tokens caller:0xabc', amount: 0, limit: 5_000 },
    ],
  ])
  expect(standings.map(({ unit, limit, remaining }) => [unit, limit, remaining])).toEqual([
    ['requests', 10, 9],
    ['requests', 20, 19],
    ['requests', 300, 299],
    ['tokens', 400, 400],
    ['tokens', 5_000, 5_000],
  ])
})

test('who has overdrawn the tokens of a minute still sees and changes the account', async () => {
  const { limits, asked } = start({ requestsPerMinute: 20, tokensPerMinute: 5_000 }, { 'tokens caller:0xabc': 6_000 })
  await expect(limits.takeRequest(CALLER)).rejects.toMatchObject({ status: 429, type: 'tokens' })
  expect(await limits.takeAccountRequest(CALLER)).toMatchObject([{ unit: 'requests', limit: 20, remaining: 19 }])
  expect(asked[1]).toEqual([{ subject: 'requests caller:0xabc', amount: 1, limit: 20 }])
})

test("a limit without room is named in OpenAI's words, with the wait of the one that asks for the longest", async () => {
  const full = { 'requests key:key_1': 10, 'requests org:org_1': 300 }
  const { limits } = start({ requestsPerMinute: 20, orgRequestsPerMinute: 300 }, full)
  const asking = limits.takeRequest({ ...CALLER, key: KEY, org: { id: 'org_1' }, scopes: { requestsPerMinute: 10 } })
  await expect(asking).rejects.toMatchObject({
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'requests',
    message:
      'Rate limit reached for this organization on requests per min (RPM): Limit 300, Used 300, Requested 1. Please try again in 40s.',
    retryAfterSec: 40,
    standings: [{ remaining: 0 }, { remaining: 20 }, { remaining: 0 }],
  })
})

test('tokens that a minute has no room for are refused, with a wait', async () => {
  const { limits } = start({ tokensPerMinute: 1_000 }, { 'tokens caller:0xabc': 900 })
  await expect(limits.takeTokens(CALLER, () => 200)).rejects.toMatchObject({
    status: 429,
    type: 'tokens',
    message: expect.stringContaining('tokens per min (TPM): Limit 1000, Used 900, Requested 200.'),
    retryAfterSec: 20,
    isTooLarge: false,
  })
})

test("a request that is larger than a whole minute's tokens is told so, without a wait", async () => {
  const { limits, asked } = start({ tokensPerMinute: 1_000 })
  const error = await limits.takeTokens(CALLER, () => 1_001).catch((thrown) => thrown)
  expect(error).toMatchObject({
    status: 429,
    message:
      'Request too large for this caller on tokens per min (TPM): Limit 1000, Requested 1001. ' +
      'The messages or max_tokens must be reduced in order to run successfully.',
    isTooLarge: true,
  })
  expect(error.retryAfterSec).toBeUndefined()
  expect(asked).toEqual([])
})

test('tokens are corrected by what was used, in the minute they were taken in', async () => {
  const { limits, corrected } = start({ tokensPerMinute: 1_000 })
  const taken = await limits.takeTokens(CALLER, () => 100)
  if (taken === undefined) throw new Error('no tokens were taken')
  await limits.correctTokens(JSON.parse(JSON.stringify(taken)), 130)
  expect(corrected).toEqual([[[{ subject: 'tokens caller:0xabc', window: '1' }], 30]])
})

test('a network that has used up its minute does not reach the counters again before it ends', async () => {
  const full: Record<string, number> = { 'requests ip:203.0.113.9': 5 }
  const { limits, asked } = start({ ipRequestsPerMinute: 5 }, full)
  const ask = (network = '203.0.113.9') => limits.takeNetworkRequest(network).catch((thrown) => thrown)
  const first = await ask()
  expect(first).toMatchObject({ status: 429, retryAfterSec: 20 })
  expect(await ask()).toMatchObject({ status: 429, message: first.message, standings: [{ limit: 5, remaining: 0 }] })
  expect(asked).toHaveLength(1)
  expect(await ask('203.0.113.10')).toMatchObject([{ remaining: 4 }])
})
