import { expect, onTestFinished, test } from 'vitest'
import { logLines } from '../../../test/support/log-lines.ts'
import { testStore } from '../../../test/support/stored-runs.ts'
import type { RunNews } from '../run-news.ts'
import { type Claim, type ClaimedRun, LostClaimError, RunEndedError } from '../run-store.ts'
import { createLeaseKeeper, type LeaseKeeperDeps } from './lease-keeper.ts'

test('claims are renewed in one call, until they are let go', async () => {
  const { store, asked } = await countingStore()
  const keeper = createLeaseKeeper({ store, everyMs: 20, log: logLines().log })
  const claims = [await store.take(), await store.take(), await store.take()]
  const holds = claims.map((claim) => keeper.hold(claim))
  await expect.poll(() => asked.some((claims) => claims.length === 3)).toBe(true)
  holds[0]?.release()
  const seen = asked.length
  await expect.poll(() => asked.slice(seen + 1).some((claims) => claims.length === 2)).toBe(true)
  for (const { signal, release } of holds) {
    expect(signal.aborted).toBe(false)
    release()
  }
})

test('a run that is cancelled fires its signal as ended, and the others go on', async () => {
  const { store } = await countingStore()
  const keeper = createLeaseKeeper({ store, everyMs: 20, log: logLines().log })
  const [cancelled, other] = [await store.take(), await store.take()]
  const [lost, kept] = [keeper.hold(cancelled), keeper.hold(other)]
  onTestFinished(kept.release)
  await store.cancel(cancelled.run.caller, cancelled.runId)
  await expect.poll(() => lost.signal.reason).toBeInstanceOf(RunEndedError)
  expect(kept.signal.aborted).toBe(false)
})

test('a run that another worker has taken fires its signal as lost', async () => {
  const { store } = await countingStore()
  const keeper = createLeaseKeeper({ store, everyMs: 20, log: logLines().log })
  const claim = await store.take()
  await store.release(claim)
  await store.claim(claim.runId, 'another')
  const held = keeper.hold(claim)
  await expect.poll(() => held.signal.reason).toBeInstanceOf(LostClaimError)
})

test('news of a run has it looked at well before the next renewal', async () => {
  const { store, asked } = await countingStore()
  const wakes: (() => void)[] = []
  const news: Pick<RunNews, 'watch'> = {
    watch: () => ({
      next: (signal) =>
        new Promise((resolve, reject) => {
          wakes.push(resolve)
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
      stop: () => wakes.push(() => {}),
    }),
  }
  const keeper = createLeaseKeeper({ store, news, everyMs: 3_600_000, leaseMs: 7_200_000, log: logLines().log })
  const claim = await store.take()
  const held = keeper.hold(claim)
  await store.cancel(claim.run.caller, claim.runId)
  for (const wake of wakes) wake()
  await expect.poll(() => held.signal.reason).toBeInstanceOf(RunEndedError)
  expect(asked).toHaveLength(1)
})

test('a claim that cannot be renewed for as long as a lease lasts is given up, and that is said once', async () => {
  const { store } = await countingStore()
  const { log, told } = logLines()
  const renew = () => Promise.reject(new Error('away'))
  const keeper = createLeaseKeeper({ store: { ...store, renew }, everyMs: 20, leaseMs: 200, log })
  const held = keeper.hold(await store.take())
  await expect.poll(() => held.signal.reason).toBeInstanceOf(LostClaimError)
  expect(told('warn')).toEqual([expect.stringContaining('claims cannot be renewed')])
})

test('a renewal that hangs does not keep a claim', async () => {
  const { store } = await countingStore()
  const renew = () => new Promise<never>(() => {})
  const keeper = createLeaseKeeper({ store: { ...store, renew }, everyMs: 20, leaseMs: 200, log: logLines().log })
  const held = keeper.hold(await store.take())
  await expect.poll(() => held.signal.reason).toBeInstanceOf(LostClaimError)
})

test('a process that was blocked for longer than a lease gives its claims up before it asks for them again', async () => {
  const { store, asked } = await countingStore()
  const keeper = createLeaseKeeper({ store, everyMs: 20, leaseMs: 100, log: logLines().log })
  const held = keeper.hold(await store.take())
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150)
  await expect.poll(() => held.signal.reason).toBeInstanceOf(LostClaimError)
  expect(asked).toEqual([])
})

test('a claim that is heard of after its lease is given up before anything is done under it', async () => {
  const { store, asked } = await countingStore()
  const keeper = createLeaseKeeper({ store, leaseMs: 200, log: logLines().log })
  const held = keeper.hold({ ...(await store.take()), askedAtMs: performance.now() - 200 })
  expect(held.signal.reason).toBeInstanceOf(LostClaimError)
  expect(asked).toEqual([])
})

test('what is let go while it is renewed is not lost', async () => {
  const { store } = await countingStore()
  const answers: (() => void)[] = []
  const renew: LeaseKeeperDeps['store']['renew'] = (claims) =>
    new Promise((resolve) => answers.push(() => resolve(claims)))
  const keeper = createLeaseKeeper({ store: { ...store, renew }, everyMs: 20, log: logLines().log })
  const held = keeper.hold(await store.take())
  await expect.poll(() => answers).toHaveLength(1)
  held.release()
  answers[0]?.()
  await new Promise(setImmediate)
  expect(held.signal.aborted).toBe(false)
})

async function countingStore() {
  const { store, submit } = await testStore()
  const asked: (readonly Claim[])[] = []
  const counting = {
    ...store,
    renew(claims: readonly Claim[]) {
      asked.push(claims)
      return store.renew(claims)
    },
    async take(): Promise<ClaimedRun> {
      const { id } = await submit()
      const claimed = await store.claim(id, 'test')
      if (claimed === undefined) throw new Error('nothing to claim')
      return claimed
    },
  }
  return { store: counting, asked }
}
