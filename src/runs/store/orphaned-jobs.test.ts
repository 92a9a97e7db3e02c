import { expect, test } from 'vitest'
import { claimedRun, completed, failed, newRun, testStore } from '../../../test/support/stored-runs.ts'
import type { Claim } from '../run-store.ts'

const JOB = { backend: 'runpod:a', id: 'job-1' }
const LEASE_MS = 8_000

async function start() {
  const tested = await testStore()
  const { store, pass } = tested
  return {
    ...tested,
    /** A run whose worker has had a job begun. */
    async working(changes = {}): Promise<Claim> {
      const claim = await claimedRun(store, changes)
      await store.recordJob(claim, 1, JOB)
      return claim
    },
    /** The runs whose jobs are named, after so long. */
    async orphansAfter(ms: number): Promise<string[]> {
      await pass(ms)
      return (await store.orphanedJobs(100)).map(({ runId }) => runId).sort()
    },
  }
}

test('a job is orphaned a lease after its run has ended, however that came, and not before', async () => {
  const { store, working, orphansAfter } = await start()
  const [cancelled, broken, overdue] = [await working(), await working(), await working({ runTimeoutMs: 1_000 })]
  expect(await orphansAfter(40_000)).toEqual([])
  await store.cancel('alice', cancelled.runId)
  await store.finish(broken, failed(502))
  await store.endOverdue()
  expect(await store.find('alice', overdue.runId)).toMatchObject({ state: 'failed' })
  expect(await orphansAfter(LEASE_MS - 1_000)).toEqual([])
  expect(await orphansAfter(1_001)).toEqual([cancelled, broken, overdue].map(({ runId }) => runId).sort())
})

test('the job of a run that goes on is never one, whoever has the run, nor one whose step is recorded', async () => {
  const { store, working, orphansAfter } = await start()
  const lost = await working()
  const released = await working()
  await store.release(released)
  const done = await working()
  await store.recordStep(done, { step: 1, events: [], usage: { promptTokens: 1, completionTokens: 1 } })
  await store.finish(done, completed())
  expect(await orphansAfter(60_000)).toEqual([])
  const next = await store.claim(lost.runId, 'worker 2')
  expect(next?.jobs.get(1)).toEqual(JOB)
  expect(await orphansAfter(60_000)).toEqual([])
})

test('a run that is forgotten leaves its job to be cancelled', async () => {
  const { store, working } = await start()
  const claim = await working({ model: 'conductor' })
  await store.cancel('alice', claim.runId)
  await store.forget('alice', claim.runId)
  expect(await store.orphanedJobs(1)).toEqual([{ runId: claim.runId, step: 1, model: 'conductor', job: JOB, tries: 0 }])
})

test('of many processes that look, each job is for one, for a while, until it is forgotten', async () => {
  const { store, working, orphansAfter, pass } = await start()
  const ended: string[] = []
  for (let i = 0; i < 10; i++) {
    const { runId } = await working(newRun())
    await store.cancel('alice', runId)
    ended.push(runId)
  }
  await pass(LEASE_MS + 1)
  const all = (await Promise.all(Array.from({ length: 8 }, () => store.orphanedJobs(2)))).flat()
  const rest = await store.orphanedJobs(10)
  expect([...all, ...rest].map(({ runId }) => runId).sort()).toEqual(ended.sort())
  const [first = ''] = ended
  await store.forgetJob({ runId: first, step: 1 })
  expect(await orphansAfter(19_000)).toEqual([])
  await pass(1_001)
  const again = await store.orphanedJobs(100)
  expect(again.map(({ runId }) => runId).sort()).toEqual(ended.slice(1))
  expect(again.map(({ tries }) => tries)).toEqual(Array.from({ length: 9 }, () => 1))
})
