import { expect, test } from 'vitest'
import {
  ANN,
  BOB,
  entriesOf,
  type FundedLedger,
  fundedLedger,
  holdOrder,
  runDone,
} from '../../../test/support/ledger-orders.ts'
import { verifyLedger } from '../verify/verify-ledger.ts'

const DAY = { subject: 'key:key_a', of: 'This key', period: 'day', unit: 'credits', limit: 10_000n } as const

async function broken({ database }: FundedLedger): Promise<unknown> {
  return (await verifyLedger(database.db)).filter(({ id, found }) => id !== 'I7' && found > 0)
}

test('a run is charged what it did, and the rest of its hold is free again; once', async () => {
  const funded = await fundedLedger()
  const { ledger } = funded
  const { runId } = await ledger.hold(holdOrder())
  const settled = await Promise.all(Array.from({ length: 10 }, () => ledger.settle(runId, runDone())))
  expect(settled.filter((settlement) => settlement !== undefined)).toEqual([
    { account: ANN, cost: 30n, charged: 30n, balance: 970n },
  ])
  expect(await ledger.settle(runId, runDone())).toBeUndefined()
  expect(await ledger.balance(ANN)).toMatchObject({ balance: 970n, held: 0n })
  const charges = (await entriesOf(funded, ANN)).filter(({ kind }) => kind === 'charge')
  expect(charges).toMatchObject([{ ref: runId, amount: '-30', balance: '970' }])
  expect(await broken(funded)).toEqual([])
})

test('what costs more than is held takes the rest from the account as far as that goes, and no other hold', async () => {
  const funded = await fundedLedger({ [ANN]: 150n, [BOB]: 1_000n })
  const { ledger } = funded
  const costly = runDone({ usage: { promptTokens: 0, completionTokens: 200 } })
  const paid = await ledger.hold(holdOrder({ payers: [BOB], amount: 10n, ceilings: [DAY] }))
  expect(await ledger.settle(paid.runId, costly)).toMatchObject({ cost: 200n, charged: 200n, balance: 800n })
  const kept = await ledger.hold(holdOrder({ amount: 40n }))
  const poor = await ledger.hold(holdOrder({ amount: 10n, ceilings: [DAY] }))
  expect(await ledger.settle(poor.runId, costly)).toMatchObject({ cost: 200n, charged: 110n, balance: 40n })
  expect(await ledger.findHold(kept.runId)).toMatchObject({ amount: 40n })
  expect(await ledger.balance(ANN)).toMatchObject({ balance: 40n, held: 40n, available: 0n })
  expect(await broken(funded)).toEqual([])
})

test('our fault is free, and noted', async () => {
  const funded = await fundedLedger()
  const { runId } = await funded.ledger.hold(holdOrder({ ceilings: [DAY] }))
  const settled = await funded.ledger.settle(runId, runDone({ outcome: 'failed', isUncharged: true }))
  expect(settled).toEqual({ account: ANN, cost: 30n, charged: 0n, balance: 1_000n })
  expect(await funded.ledger.balance(ANN)).toMatchObject({ balance: 1_000n, held: 0n })
  expect(await broken(funded)).toEqual([])
})

test('a settlement that has waited for an extension of its hold frees all of it', async () => {
  const funded = await fundedLedger()
  const { ledger, database } = funded
  const { runId } = await ledger.hold(holdOrder())
  const extending = await database.pool.connect()
  await extending.query('begin')
  await extending.query('update holds set amount = 300 where run_id = $1', [runId])
  const settling = ledger.settle(runId, runDone())
  const waiting = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
  await expect.poll(async () => (await database.pool.query(waiting)).rowCount).toBe(1)
  await extending.query('update accounts set held = 300 where id = $1', [ANN])
  await extending.query('commit')
  extending.release()
  expect(await settling).toMatchObject({ charged: 30n, balance: 970n })
  expect(await ledger.balance(ANN)).toMatchObject({ balance: 970n, held: 0n })
  expect(await broken(funded)).toEqual([])
})

test('extensions and settlements of one run, in whatever order they come, leave nothing held', async () => {
  const funded = await fundedLedger({ [ANN]: 100_000n })
  const { ledger } = funded
  await Promise.all(
    Array.from({ length: 30 }, async (_, n) => {
      const { runId } = await ledger.hold(holdOrder({ ceilings: n % 2 === 0 ? [] : [DAY] }))
      await Promise.all([
        ledger.extend(runId, 150n),
        ledger.settle(runId, runDone()),
        ledger.extend(runId, 200n),
        ledger.settle(runId, runDone()),
      ])
    }),
  )
  expect(await ledger.balance(ANN)).toMatchObject({ balance: 100_000n - 30n * 30n, held: 0n })
  expect(await broken(funded)).toEqual([])
})
