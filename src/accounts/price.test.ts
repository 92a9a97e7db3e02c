import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromStoredTerms, isFree, price, type Terms, toStoredTerms, type Work } from './price.ts'

const MILLION = 1_000_000n

const tokens = fc.oneof(fc.nat(200_000), fc.nat(Number.MAX_SAFE_INTEGER))
const rate = fc.oneof(
  fc.constantFrom(0n, 1n, 999_999n, MILLION, MILLION + 1n),
  fc.bigInt({ min: 0n, max: 10n ** 12n }),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 62n }),
)
const toolName = fc.constantFrom('transaction_count', 'token_balance', '__proto__', 'toString')
const work: fc.Arbitrary<Work> = fc.record({
  usage: fc.record(
    { promptTokens: tokens, completionTokens: tokens, cachedTokens: tokens },
    { requiredKeys: ['promptTokens', 'completionTokens'], noNullPrototype: true },
  ),
  tools: fc.dictionary(toolName, fc.nat(1_000), { noNullPrototype: true }),
})
const terms: fc.Arbitrary<Terms> = fc.record({
  rates: fc.record(
    { promptPerMillion: rate, completionPerMillion: rate, cachedPerMillion: rate, perRun: rate },
    { requiredKeys: ['promptPerMillion', 'completionPerMillion'], noNullPrototype: true },
  ),
  toolPrices: fc.dictionary(toolName, rate, { noNullPrototype: true }),
})

/** What is owed, in millionths of a micro-credit, exactly; worked out call by call and token kind by token kind. */
function exactMillionths({ usage, tools }: Work, { rates, toolPrices }: Terms): bigint {
  const prompt = BigInt(usage.promptTokens)
  const told = BigInt(usage.cachedTokens ?? 0)
  const cached = told > prompt ? prompt : told
  let owed = (prompt - cached) * rates.promptPerMillion + BigInt(usage.completionTokens) * rates.completionPerMillion
  owed += cached * (rates.cachedPerMillion === undefined ? rates.promptPerMillion : rates.cachedPerMillion)
  const prices = new Map(Object.entries(toolPrices))
  for (const [name, calls] of Object.entries(tools)) owed += BigInt(calls) * (prices.get(name) ?? 0n) * MILLION
  return owed + (rates.perRun ?? 0n) * MILLION
}

test('a price is never below what is owed, and less than a micro-credit above it', () => {
  fc.assert(
    fc.property(work, terms, (work, terms) => {
      const owed = exactMillionths(work, terms)
      const asked = price(work, terms) * MILLION
      expect(asked >= owed).toBe(true)
      expect(asked - owed < MILLION).toBe(true)
    }),
  )
})

test('what is owed to the micro-credit is not rounded', () => {
  const rates = { promptPerMillion: 200_000n, completionPerMillion: 800_000n }
  const cost = (promptTokens: number, completionTokens: number) =>
    price({ usage: { promptTokens, completionTokens }, tools: {} }, { rates, toolPrices: {} })
  expect(cost(5, 5)).toBe(5n)
  expect(cost(6, 5)).toBe(6n)
  expect(cost(0, 0)).toBe(0n)
  expect(cost(1, 0)).toBe(1n)
})

test('beyond 2^53 no digit is lost', () => {
  const usage = { promptTokens: Number.MAX_SAFE_INTEGER, completionTokens: 1 }
  const rates = { promptPerMillion: MILLION, completionPerMillion: MILLION, perRun: 2n ** 53n + 1n }
  expect(price({ usage, tools: {} }, { rates, toolPrices: {} })).toBe(2n ** 54n + 1n)
})

const grown = fc.constantFrom<((work: Work, terms: Terms) => [Work, Terms])[]>(
  ({ usage, tools }, terms) => [{ usage: { ...usage, promptTokens: usage.promptTokens + 1 }, tools }, terms],
  ({ usage, tools }, terms) => [{ usage: { ...usage, completionTokens: usage.completionTokens + 1 }, tools }, terms],
  ({ usage, tools }, terms) => [{ usage, tools: { ...tools, token_balance: (tools.token_balance ?? 0) + 1 } }, terms],
  (work, terms) => [work, withRate(terms, 'promptPerMillion')],
  (work, terms) => [work, withRate(terms, 'completionPerMillion')],
  (work, terms) => [work, withRate(terms, 'cachedPerMillion')],
  (work, terms) => [work, withRate(terms, 'perRun')],
  (work, { rates, toolPrices }) => [
    work,
    { rates, toolPrices: { ...toolPrices, token_balance: (toolPrices.token_balance ?? 0n) + 1n } },
  ],
)

/** A micro-credit more, where the rate is set. */
function withRate({ rates, toolPrices }: Terms, name: keyof Terms['rates']): Terms {
  const rate = rates[name]
  return { rates: rate === undefined ? rates : { ...rates, [name]: rate + 1n }, toolPrices }
}

test('more of anything never costs less', () => {
  fc.assert(
    fc.property(work, terms, grown, (work, terms, grow) => {
      expect(price(...grow(work, terms)) >= price(work, terms)).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test('work done in two runs costs what it costs in one, or a micro-credit more', () => {
  fc.assert(
    fc.property(work, work, terms, (one, two, terms) => {
      const usage = {
        promptTokens: one.usage.promptTokens + two.usage.promptTokens,
        completionTokens: one.usage.completionTokens + two.usage.completionTokens,
      }
      fc.pre(Number.isSafeInteger(usage.promptTokens) && Number.isSafeInteger(usage.completionTokens))
      const uncached = ({ usage, tools }: Work): Work => ({ usage: { ...usage, cachedTokens: 0 }, tools })
      const calls = ({ tools }: Work, name: string) => new Map(Object.entries(tools)).get(name) ?? 0
      const names = [...Object.keys(one.tools), ...Object.keys(two.tools)]
      const tools = Object.fromEntries(names.map((name) => [name, calls(one, name) + calls(two, name)]))
      const apart = price(uncached(one), terms) + price(uncached(two), terms) - (terms.rates.perRun ?? 0n)
      const together = price({ usage, tools }, terms)
      expect(together <= apart && apart <= together + 1n).toBe(true)
    }),
  )
})

test('cached tokens never cost more than fresh ones, where their rate is not higher; more of them than there are count as all', () => {
  fc.assert(
    fc.property(work, terms, tokens, ({ usage, tools }, terms, cachedTokens) => {
      const { promptPerMillion, cachedPerMillion = promptPerMillion } = terms.rates
      const rates = {
        ...terms.rates,
        cachedPerMillion: cachedPerMillion < promptPerMillion ? cachedPerMillion : promptPerMillion,
      }
      const cost = (cachedTokens: number) => price({ usage: { ...usage, cachedTokens }, tools }, { ...terms, rates })
      expect(cost(cachedTokens) <= cost(0)).toBe(true)
      expect(cost(usage.promptTokens + 7) === cost(usage.promptTokens)).toBe(true)
    }),
  )
})

test('terms come back from the store as they went there', () => {
  fc.assert(
    fc.property(terms, (terms) => {
      expect(fromStoredTerms(JSON.parse(JSON.stringify(toStoredTerms(terms))))).toEqual(terms)
    }),
  )
})

test('terms are free where no work of theirs costs anything', () => {
  fc.assert(
    fc.property(work, terms, (work, terms) => {
      if (isFree(terms)) expect(price(work, terms)).toBe(0n)
    }),
  )
  expect(isFree({ rates: { promptPerMillion: 0n, completionPerMillion: 0n }, toolPrices: { a: 0n } })).toBe(true)
  for (const rates of [
    { promptPerMillion: 1n },
    { completionPerMillion: 1n },
    { cachedPerMillion: 1n },
    { perRun: 1n },
  ]) {
    expect(isFree({ rates: { promptPerMillion: 0n, completionPerMillion: 0n, ...rates }, toolPrices: {} })).toBe(false)
  }
  expect(isFree({ rates: { promptPerMillion: 0n, completionPerMillion: 0n }, toolPrices: { a: 1n } })).toBe(false)
})
