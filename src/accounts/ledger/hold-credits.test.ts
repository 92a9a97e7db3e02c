import { expect, test } from 'vitest'
import { ANN, BOB, fundedLedger, holdOrder, runDone } from '../../../test/support/ledger-orders.ts'
import { verifyLedger } from '../verify/verify-ledger.ts'

const ORG = 'org_aaaaaaaaaaaaaaaa'
const DAY = { subject: 'key:key_a', of: 'This key', period: 'day', unit: 'credits' } as const
const RUNS = { subject: 'key:key_a', of: 'This key', period: 'ever', unit: 'runs' } as const

async function outcomes(asked: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const codes = await Promise.all(
    asked.map((hold) =>
      hold.then(
        () => 'held',
        (error: { code?: string }) => error.code ?? 'failed',
      ),
    ),
  )
  return Object.fromEntries(
    Object.entries(Object.groupBy(codes, (code) => code)).map(([code, all]) => [code, all?.length ?? 0]),
  )
}

test('of 200 at once on funds for 10, exactly 10 are admitted', async () => {
  const { ledger, database } = await fundedLedger({ [ANN]: 1_099n })
  const asked = Array.from({ length: 200 }, () => ledger.hold(holdOrder({ amount: 100n })))
  expect(await outcomes(asked)).toEqual({ held: 10, insufficient_credits: 190 })
  expect(await ledger.balance(ANN)).toEqual({ account: ANN, balance: 1_099n, held: 1_000n, available: 99n })
  expect((await verifyLedger(database.db)).filter(({ id, found }) => id !== 'I7' && found > 0)).toEqual([])
})

test('of 200 at once on a budget for 10, and on a place for 3, exactly so many are admitted', async () => {
  const { ledger, database } = await fundedLedger({ [ANN]: 100_000n, [BOB]: 100_000n })
  const many = (order: Parameters<typeof holdOrder>[0]) =>
    Array.from({ length: 200 }, () => ledger.hold(holdOrder(order)))
  expect(await outcomes(many({ ceilings: [{ ...DAY, limit: 1_099n }] }))).toEqual({ held: 10, budget_exceeded: 190 })
  expect(await outcomes(many({ payers: [BOB], ceilings: [{ ...RUNS, limit: 3n }] }))).toEqual({
    held: 3,
    rate_limit_exceeded: 197,
  })
  expect(await ledger.balance(ANN)).toMatchObject({ held: 1_000n })
  expect(await ledger.balance(BOB)).toMatchObject({ held: 300n })
  expect((await verifyLedger(database.db)).filter(({ id, found }) => id !== 'I7' && found > 0)).toEqual([])
})

test.each([
  ['without a ceiling', []],
  [
    'with ceilings',
    [
      { ...DAY, limit: 10_000n },
      { ...RUNS, limit: 10n },
    ],
  ],
])('twins hold once, whoever of them comes first: %s', async (_, ceilings) => {
  const { ledger, database } = await fundedLedger({ [ANN]: 1_000n, [BOB]: 1_000n })
  const { runId } = holdOrder()
  const twins = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      ledger.hold(holdOrder({ runId, payers: [n % 2 === 0 ? ANN : BOB], ceilings })),
    ),
  )
  expect(new Set(twins.map(({ account }) => account)).size).toBe(1)
  expect(await ledger.findHold(runId)).toMatchObject({ amount: 100n })
  const balances = await Promise.all([ANN, BOB].map((account) => ledger.balance(account)))
  expect(balances.map((balance) => balance?.held).sort()).toEqual([0n, 100n])
  const counters = await database.db.selectFrom('spend_counters').select(['period', 'held']).orderBy('period').execute()
  expect(counters.map(({ held }) => Number(held))).toEqual(ceilings.length === 0 ? [] : [100, 1])
})

test('a run that has ended holds nothing any more', async () => {
  const { ledger } = await fundedLedger()
  for (const ceilings of [[], [{ ...DAY, limit: 10_000n }]]) {
    const order = holdOrder({ ceilings })
    await ledger.hold(order)
    await ledger.settle(order.runId, runDone())
    await expect(ledger.hold(order)).rejects.toMatchObject({ status: 409, code: 'run_ended' })
    await expect(ledger.hold({ ...order, amount: 0n })).rejects.toMatchObject({ status: 409, code: 'run_ended' })
  }
  expect(await ledger.balance(ANN)).toMatchObject({ balance: 940n, held: 0n })
})

test('the first payer that can pays; where none can, the first is told of', async () => {
  const { ledger } = await fundedLedger({ [ORG]: 50n, [ANN]: 500n })
  expect(await ledger.hold(holdOrder({ payers: [ORG, ANN] }))).toMatchObject({ account: ANN, orgId: null })
  expect(await ledger.hold(holdOrder({ payers: [ORG, ANN], amount: 50n }))).toMatchObject({ account: ORG, orgId: ORG })
  await expect(ledger.hold(holdOrder({ payers: [ORG, ANN], amount: 900n }))).rejects.toMatchObject({
    code: 'insufficient_credits',
    needed: 900n,
    available: 0n,
    account: ORG,
  })
})

test('a budget that one payer has spent is not asked of the other', async () => {
  const { ledger } = await fundedLedger({ [ORG]: 1_000n, [ANN]: 1_000n })
  const ceilings = [{ ...DAY, subject: 'member:a', limit: 150n, payer: ORG }]
  const paidBy = async () => (await ledger.hold(holdOrder({ payers: [ORG, ANN], ceilings }))).account
  expect([await paidBy(), await paidBy()]).toEqual([ORG, ANN])
})
