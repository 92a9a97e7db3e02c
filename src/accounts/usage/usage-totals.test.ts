import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import {
  ANN,
  BOB,
  type FundedLedger,
  fundedLedger,
  holdOrder,
  runDone,
  TERMS,
} from '../../../test/support/ledger-orders.ts'
import { type UsageGroup, type UsageQuery, type UsageTotals, usageTotals } from './usage-totals.ts'

const GROUPS = ['day', 'model', 'tool', 'key', 'member', 'account', 'outcome'] as const satisfies readonly UsageGroup[]
const ALL = { filter: {}, limit: 10_000 }
const SUMS = ['promptTokens', 'cachedTokens', 'completionTokens', 'toolCalls', 'charged', 'writtenOff'] as const

const someRun = fc.record({
  caller: fc.constantFrom(ANN, BOB),
  payer: fc.constantFrom(ANN, BOB),
  model: fc.constantFrom('operator', 'conductor', "o'dd"),
  promptTokens: fc.nat(400),
  completionTokens: fc.nat(400),
  cachedTokens: fc.nat(50),
  tools: fc.dictionary(fc.constantFrom('transaction_count', 'balance', 'free'), fc.integer({ min: 1, max: 90 })),
  outcome: fc.constantFrom('completed', 'failed', 'cancelled', 'left'),
  isEstimated: fc.boolean(),
  isUncharged: fc.boolean(),
  held: fc.bigInt({ min: 0n, max: 300n }),
})
type SomeRun = typeof someRun extends fc.Arbitrary<infer Run> ? Run : never

test('however runs are summed up, what was charged is the charges of the ledger, to the micro-credit', async () => {
  // Ann runs out of credits on the way, so that some of what her runs cost is written off.
  const town = await fundedLedger({ [ANN]: 20_000n, [BOB]: 1_000_000n })
  const batch = fc.array(someRun, { minLength: 25, maxLength: 25, size: 'max' })
  await fc.assert(
    fc.asyncProperty(batch, fc.subarray([...GROUPS]), async (runs, groupBy) => {
      await Promise.all(runs.map((one) => play(town, one)))
      const { db } = town.database
      for (const filter of [{}, { caller: ANN }]) {
        const charged = await chargesOf(town, filter)
        for (const names of [groupBy, ...GROUPS.map((name) => [name])]) {
          const totals = await usageTotals(db, { ...ALL, filter, groupBy: names })
          expect(totals.total).toMatchObject(charged)
          expect(sumUp(totals), names.join()).toEqual(sumUp({ ...totals, rows: [{ group: {}, ...totals.total }] }))
          expect(totals.rows.filter(({ writtenOff, charged }) => charged < 0n || writtenOff < 0n)).toEqual([])
        }
      }
    }),
    { numRuns: 4 },
  )
  expect((await usageTotals(town.database.db, { ...ALL, groupBy: [] })).total.writtenOff).toBeGreaterThan(0n)
})

async function play({ ledger }: FundedLedger, { payer, caller, model, held, ...done }: SomeRun): Promise<void> {
  const { promptTokens, completionTokens, cachedTokens, ...rest } = done
  const terms = { ...TERMS, toolPrices: { transaction_count: 5n, balance: 1n } }
  const order = holdOrder({ caller, payers: [payer, BOB], model, amount: held, terms })
  await ledger.hold(order)
  const usage = { promptTokens, completionTokens, cachedTokens: Math.min(cachedTokens, promptTokens) }
  await ledger.settle(order.runId, runDone({ ...rest, usage }))
}

async function chargesOf({ database: { db } }: FundedLedger, { caller }: { caller?: string }) {
  const { rows } = await sql<{ runs: number; charged: string; writtenOff: string }>`
    select count(*)::int as runs, coalesce(sum(charge.amount), 0)::text as charged, sum(written_off)::text as "writtenOff"
    from run_usage left join ledger_transfers as charge on kind = 'charge' and ref = run_id
    where caller = coalesce(${caller ?? null}, caller)`.execute(db)
  const [row = { runs: 0, charged: '', writtenOff: '' }] = rows
  return { runs: row.runs, charged: BigInt(row.charged), writtenOff: BigInt(row.writtenOff) }
}

const sumUp = ({ rows }: Pick<UsageTotals, 'rows'>) =>
  SUMS.map((name) => rows.reduce((sum, row) => sum + BigInt(row[name]), 0n))

test('a run counts once for each tool it called, and its tokens and its own price beside them', async () => {
  const { ledger, database } = await fundedLedger()
  const order = holdOrder({ terms: { ...TERMS, toolPrices: { transaction_count: 5n, balance: 7n } } })
  await ledger.hold(order)
  await ledger.settle(order.runId, runDone({ tools: { transaction_count: 3, balance: 1 }, isEstimated: true }))
  const { rows, total } = await usageTotals(database.db, { ...ALL, groupBy: ['tool', 'model'] })
  const none = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, writtenOff: 0n, estimatedRuns: 1, runs: 1 }
  expect(rows).toEqual([
    {
      ...none,
      group: { tool: null, model: 'operator' },
      promptTokens: 10,
      completionTokens: 20,
      toolCalls: 0,
      charged: 30n,
    },
    { ...none, group: { tool: 'transaction_count', model: 'operator' }, toolCalls: 3, charged: 15n },
    { ...none, group: { tool: 'balance', model: 'operator' }, toolCalls: 1, charged: 7n },
  ])
  expect(total).toMatchObject({ runs: 1, toolCalls: 4, charged: 52n, estimatedRuns: 1 })
})

test('days are those of UTC, whatever the zone of the session, to the first and from the last moment', async () => {
  const { db } = await testDatabase()
  const moments = [
    '2026-02-27T23:59:59.999Z',
    '2026-02-28T00:00:00Z',
    '2026-03-01T23:59:59.999999Z',
    '2026-03-02T00:00:00Z',
  ]
  for (const [at, moment] of moments.entries()) await addRun(db, { run_id: `run_${at}`, at: moment })
  for (const zone of ['UTC', 'America/New_York', 'Pacific/Kiritimati']) {
    const totals = await db.transaction().execute(async (tx) => {
      await sql`set local time zone ${sql.lit(zone)}`.execute(tx)
      return usageTotals(tx, { ...ALL, groupBy: ['day'], from: '2026-02-28', to: '2026-03-01' })
    })
    expect(totals.rows.map(({ group, runs }) => [group.day, runs])).toEqual([
      ['2026-02-28', 1],
      ['2026-03-01', 1],
    ])
  }
})

test('the last 30 days count where none are named, today with them', async () => {
  const { db } = await testDatabase()
  for (const days of [0, 29, 30]) {
    const at = sql`(date_trunc('day', clock_timestamp() at time zone 'UTC') - ${days} * interval '1 day') at time zone 'UTC'`
    await addRun(db, { run_id: `run_${days}`, at })
  }
  const { rows } = await usageTotals(db, { ...ALL, groupBy: ['day'] })
  expect(rows).toHaveLength(2)
})

test('the dearest group comes first, days in their order, and only as many as are asked for', async () => {
  const { db } = await testDatabase()
  const runs = [
    ['2026-03-02', 'small', 1n],
    ['2026-03-01', 'middle', 2n],
    ['2026-03-02', 'large', 10n],
  ] as const
  for (const [day, model, amount] of runs)
    await addRun(db, { run_id: `run_${model}`, at: `${day}T12:00:00Z`, model, amount })
  const query = { ...ALL, from: '2026-03-01', to: '2026-03-31' }
  const told = async (more: Partial<UsageQuery>) => {
    const { rows, hasMore, total } = await usageTotals(db, { ...query, groupBy: ['model'], ...more })
    return [rows.map(({ group }) => group.model), hasMore, total.charged]
  }
  expect(await told({})).toEqual([['large', 'middle', 'small'], false, 13n])
  expect(await told({ groupBy: ['model', 'day'] })).toEqual([['middle', 'large', 'small'], false, 13n])
  expect(await told({ limit: 2 })).toEqual([['large', 'middle'], true, 13n])
})

test('without runs there is a total of nothing, and no group', async () => {
  const { db } = await testDatabase()
  const nothing = { runs: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, toolCalls: 0, estimatedRuns: 0 }
  const sum = { ...nothing, charged: 0n, writtenOff: 0n }
  expect(await usageTotals(db, { ...ALL, groupBy: ['tool', 'key'] })).toMatchObject({ total: sum, rows: [] })
  expect((await usageTotals(db, { ...ALL, groupBy: [] })).rows).toEqual([{ group: {}, ...sum }])
})

async function addRun(db: Parameters<typeof usageTotals>[0], row: Readonly<Record<string, unknown>>): Promise<void> {
  const all = { caller: ANN, model: 'operator', outcome: 'completed', steps: 1, tools: '[]', amount: 0n, ...row }
  const zeros = { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, written_off: 0n, is_estimated: false }
  await db
    .insertInto('run_usage')
    .values({ ...zeros, ...all } as never)
    .execute()
}
