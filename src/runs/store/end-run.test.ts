import { expect, test } from 'vitest'
import { ANN, holdOrder } from '../../../test/support/ledger-orders.ts'
import { claimedRun, completed, failed, newRun, testStore } from '../../../test/support/stored-runs.ts'
import { createLedger } from '../../accounts/ledger/create-ledger.ts'
import { type ClaimedRun, LostClaimError } from '../run-store.ts'
import { LEASE_MS } from './times.ts'

test('a run ends with its outcome, for good', async () => {
  const { store } = await testStore()
  const claim = await claimedRun(store)
  const outcome = completed('NUL \u0000, half a pair \ud83d')
  const run = await store.finish(claim, outcome)
  expect(run).toMatchObject({ state: 'completed', outcome })
  expect(await store.cancel('alice', claim.runId)).toEqual(run)
  expect(await store.find('alice', claim.runId)).toEqual(run)
  expect(await store.events('alice', claim.runId, 2)).toMatchObject([{ seq: 3, type: 'completed' }])
  expect(await store.claim(claim.runId, 'worker 2')).toBeUndefined()
})

test('a worker that did not hear that its run was stored as ended may ask again', async () => {
  const { store } = await testStore()
  const claim = await claimedRun(store)
  const run = await store.finish(claim, failed(500))
  expect(await store.finish(claim, failed(500))).toEqual(run)
  expect(await store.events('alice', claim.runId, 2)).toHaveLength(1)
})

test('of many who end a run at once, one does', async () => {
  const { store } = await testStore()
  for (let round = 0; round < 8; round++) {
    const claim = await claimedRun(store, { background: false })
    await store.abandon(claim.runId, round % 2 === 0 ? 0 : 60_000)
    const [finished, cancelled] = await Promise.all([
      store.finish(claim, completed()).catch((error: unknown) => error),
      store.cancel('alice', claim.runId),
      store.endOverdue(),
    ])
    if (cancelled?.state === 'cancelled') expect(finished).toBeInstanceOf(LostClaimError)
    else expect(finished).toEqual(cancelled)
    const ends = (await store.events('alice', claim.runId, 2)) ?? []
    expect(ends.map(({ type }) => type)).toEqual([cancelled?.state])
  }
})

test('a run that is cancelled in mid-work is at once nobody’s, and keeps what it cost', async () => {
  const { store } = await testStore()
  const claim = await claimedRun(store)
  const usage = { promptTokens: 9, completionTokens: 3 }
  await store.recordStep(claim, { step: 1, events: [], usage })
  expect(await store.cancel('bob', claim.runId)).toBeUndefined()
  expect(await store.cancel('alice', claim.runId)).toMatchObject({
    state: 'cancelled',
    outcome: { state: 'cancelled' },
    steps: 1,
    usage,
  })
  await expect(store.finish(claim, completed())).rejects.toThrow(LostClaimError)
  expect(await store.renew([claim])).toEqual([claim])
})

test.each([
  ['cancelled', false],
  ['cancelled and forgotten', true],
])(
  'a run that was %s before its worker could say that it is complete is charged for what it did',
  async (_, isForgotten) => {
    const { store, claim, balance } = await heldRun()
    await store.cancel(ANN, claim.runId)
    if (isForgotten) await store.forget(ANN, claim.runId)
    for (const _again of [1, 2]) await expect(store.finish(claim, completed())).rejects.toThrow(LostClaimError)
    expect(await balance()).toMatchObject({ balance: 998n, held: 0n }) // a token each way
  },
)

test('a worker that has lost its run to another charges nothing', async () => {
  const { store, claim, pass, balance } = await heldRun()
  await pass(LEASE_MS + 1)
  const other = (await store.claim(claim.runId, 'worker 2')) as ClaimedRun
  await expect(store.finish(claim, completed())).rejects.toThrow(LostClaimError)
  expect(await balance()).toMatchObject({ balance: 1_000n, held: 100n })
  await store.finish(other, completed())
  expect(await balance()).toMatchObject({ balance: 998n, held: 0n })
})

/** Of Ann's, who has a thousand micro-credits. */
async function heldRun() {
  const { store, database, pass } = await testStore()
  const ledger = createLedger({ database })
  await ledger.openAccount({ id: ANN, kind: 'wallet' })
  await ledger.topUp({ kind: 'grant', ref: 'start', account: ANN, amount: 1_000n })
  const { id } = newRun()
  const claim = await claimedRun(store, { id, caller: ANN, hold: holdOrder({ runId: id }) })
  return { store, claim, pass, balance: () => ledger.balance(ANN) }
}

test('a run that no worker took in time expires', async () => {
  const { store, pass } = await testStore({ queueTimeoutMs: 60_000 })
  const { run } = await store.submit(newRun())
  await pass(50_000)
  expect(await store.endOverdue()).toEqual([])
  await pass(10_001)
  expect(await store.endOverdue()).toEqual([run.id])
  expect(await store.find('alice', run.id)).toMatchObject({
    state: 'expired',
    outcome: { state: 'expired', error: { status: 504, code: 'queue_timeout', retryAfterSec: 30 } },
  })
  expect(await store.endOverdue()).toEqual([])
})

test('a run whose time is over fails once its worker is gone, or has had the time to say so', async () => {
  const { store, pass } = await testStore()
  const working = await claimedRun(store, { runTimeoutMs: 60_000 })
  const left = await claimedRun(store, { runTimeoutMs: 60_000 })
  await store.release(left)
  await pass(60_001)
  expect(await store.endOverdue()).toEqual([left.runId])
  await pass(LEASE_MS)
  expect(await store.endOverdue()).toEqual([])
  await pass(30_000)
  expect(await store.endOverdue()).toEqual([working.runId])
  for (const { runId } of [working, left])
    expect(await store.find('alice', runId)).toMatchObject({
      state: 'failed',
      outcome: { error: { status: 504, code: 'model_timeout' } },
    })
})

test('a run that was broken off five times is not tried again', async () => {
  const { store, pass } = await testStore()
  const { run } = await store.submit(newRun())
  for (let attempt = 1; attempt <= 5; attempt++) {
    expect(await store.claim(run.id, 'worker 1')).toMatchObject({ fence: attempt })
    expect(await store.endOverdue()).toEqual([])
    await pass(LEASE_MS + 1)
  }
  expect(await store.claim(run.id, 'worker 1')).toBeUndefined()
  expect(await store.dueJobs(10)).toEqual([])
  expect(await store.endOverdue()).toEqual([run.id])
  expect(await store.find('alice', run.id)).toMatchObject({
    outcome: { state: 'failed', error: { status: 500, code: 'run_failed' } },
  })
})

test('a run that nobody waits for is cancelled, unless it was to go on', async () => {
  const { store, pass } = await testStore()
  const left = await store.submit(newRun({ background: false }))
  const keyed = await store.submit(newRun({ background: false, idempotencyKey: 'k' }))
  const background = await store.submit(newRun())
  for (const { run } of [left, keyed, background]) await store.abandon(run.id, 20_000)
  await pass(10_000)
  expect(await store.endOverdue()).toEqual([])
  await store.abandon(left.run.id, 20_000) // somebody else still waits
  await pass(12_000)
  expect(await store.endOverdue()).toEqual([])
  await pass(8_001)
  expect(await store.endOverdue()).toEqual([left.run.id])
  expect(await store.find('alice', left.run.id)).toMatchObject({ outcome: { state: 'cancelled' } })
})

test('many overdue runs are ended by many processes, each once', async () => {
  const { store, pass } = await testStore({ queueTimeoutMs: 1_000 })
  const submitted = await Promise.all(Array.from({ length: 60 }, () => store.submit(newRun())))
  await pass(1_001)
  const ended = (await Promise.all(Array.from({ length: 6 }, () => store.endOverdue()))).flat()
  expect(ended.sort()).toEqual(submitted.map(({ run }) => run.id).sort())
})
