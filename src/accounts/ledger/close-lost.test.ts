import { expect, test } from 'vitest'
import { ANN, entriesOf, fundedLedger, holdOrder, runDone } from '../../../test/support/ledger-orders.ts'
import { createLedger } from './create-ledger.ts'

test('a hold past its deadline is closed once, however many look for it, and one before it stays', async () => {
  const { ledger } = await fundedLedger()
  const ceilings = [{ subject: 'key:a', of: 'This key', period: 'ever', unit: 'runs', limit: 5n } as const]
  const lost = [await ledger.hold(holdOrder({ ttlMs: -1, ceilings })), await ledger.hold(holdOrder({ ttlMs: -1 }))]
  const live = await ledger.hold(holdOrder({ ceilings }))
  const closed = await Promise.all(Array.from({ length: 5 }, () => ledger.closeLost()))
  expect(closed.reduce((sum, { expired }) => sum + expired, 0)).toBe(2)
  for (const { runId } of lost) {
    expect(await ledger.findHold(runId)).toBeUndefined()
    expect(await ledger.settle(runId, runDone())).toBeUndefined()
  }
  expect(await ledger.findHold(live.runId)).toBeDefined()
  expect(await ledger.balance(ANN)).toMatchObject({ balance: 1_000n, held: 100n })
})

test('what is recorded of a run is charged, though nobody is left to settle it', async () => {
  const { ledger, database } = await fundedLedger()
  const known = await ledger.hold(holdOrder({ ttlMs: -1 }))
  const unknown = await ledger.hold(holdOrder({ ttlMs: -1 }))
  const upkeep = createLedger({
    database,
    recordOf: async (_, runId) => (runId === known.runId ? runDone({ outcome: 'cancelled' }) : undefined),
  })
  expect(await upkeep.closeLost()).toEqual({ settled: 1, expired: 1 })
  expect(await upkeep.closeLost()).toEqual({ settled: 0, expired: 0 })
  expect(await ledger.balance(ANN)).toMatchObject({ balance: 970n, held: 0n })
  expect((await entriesOf({ database }, ANN))[0]).toMatchObject({ kind: 'charge', ref: known.runId })
  expect(await ledger.findHold(unknown.runId)).toBeUndefined()
})

test('a hold that cannot be closed keeps no other open, and is told of', async () => {
  const { ledger, database } = await fundedLedger()
  const holds = [await ledger.hold(holdOrder({ ttlMs: -1 })), await ledger.hold(holdOrder({ ttlMs: -1 }))]
  const upkeep = createLedger({
    database,
    async recordOf(_, runId) {
      if (runId === holds[0]?.runId) throw new Error('this record cannot be read')
      return undefined
    },
  })
  await expect(upkeep.closeLost()).rejects.toThrow('this record cannot be read')
  const open = await Promise.all(holds.map(({ runId }) => ledger.findHold(runId)))
  expect(open.map((hold) => hold?.runId)).toEqual([holds[0]?.runId, undefined])
})
