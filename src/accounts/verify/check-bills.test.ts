import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ANN, fundedLedger, holdOrder, runDone } from '../../../test/support/ledger-orders.ts'
import type { Terms } from '../price.ts'
import { verifyLedger } from './verify-ledger.ts'

const rate = fc.oneof(fc.constantFrom(0n, 1n, 999_999n, 1_000_001n), fc.bigInt({ min: 0n, max: 10n ** 11n }))
const tokens = fc.oneof(fc.nat(20), fc.nat(10 ** 9))
const tool = fc.constantFrom('transaction_count', 'it’s "quoted"', '__proto__', 'a\\b', '☂')
const terms: fc.Arbitrary<Terms> = fc.record({
  rates: fc.record(
    { promptPerMillion: rate, completionPerMillion: rate, cachedPerMillion: rate, perRun: rate },
    { requiredKeys: ['promptPerMillion', 'completionPerMillion'], noNullPrototype: true },
  ),
  toolPrices: fc.dictionary(tool, rate, { noNullPrototype: true }),
})
const work = fc.record({
  usage: fc.record(
    { promptTokens: tokens, completionTokens: tokens, cachedTokens: tokens },
    { requiredKeys: ['promptTokens', 'completionTokens'], noNullPrototype: true },
  ),
  tools: fc.dictionary(tool, fc.nat(1_000), { noNullPrototype: true }),
})

test('the store works a price out as `price` does, whatever the terms and the work', async () => {
  const { ledger, database } = await fundedLedger({ [ANN]: 10n ** 18n })
  const runs = fc.sample(fc.tuple(terms, work, fc.boolean()), { seed: 7, numRuns: 80 })
  await Promise.all(
    runs.map(async ([terms, work, isUncharged]) => {
      const { runId } = await ledger.hold(holdOrder({ terms }))
      await ledger.settle(runId, runDone({ ...work, ...(isUncharged && { isUncharged, outcome: 'failed' }) }))
    }),
  )
  const reports = await verifyLedger(database.db)
  expect(reports.filter(({ id, found }) => id !== 'I7' && found > 0)).toEqual([])
  expect(reports.find(({ id }) => id === 'I13')?.checked).toBe(2 * runs.length)
})
