import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseScopesJson, toScopesJson } from './scopes-json.ts'

test('scopes come back from the store as they went in, to the last micro-credit', () => {
  const words = fc.array(fc.string(), { maxLength: 3 })
  const count = fc.integer({ min: 1, max: 1_000_000_000 })
  const amount = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
  const scopes = fc.record(
    {
      models: words,
      orgs: words,
      tools: words,
      manage: fc.boolean(),
      ips: words,
      requestsPerMinute: count,
      tokensPerMinute: count,
      concurrentRuns: count,
      creditsPerDay: amount,
      creditsPerMonth: amount,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(scopes, (value) => {
      expect(parseScopesJson(toScopesJson(value))).toEqual(value)
    }),
  )
})

test('a key that is confined by something unknown is of no use, rather than of more', () => {
  expect(() => parseScopesJson('{"chains":["base"]}')).toThrow()
  expect(() => parseScopesJson('{"models":"operator"}')).toThrow()
  expect(() => parseScopesJson('{"creditsPerDay":"-1"}')).toThrow()
})
