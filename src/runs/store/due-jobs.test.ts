import { expect, test } from 'vitest'
import { claimedRun, completed, newRun, testStore } from '../../../test/support/stored-runs.ts'
import type { RunStore } from '../run-store.ts'
import { LEASE_MS } from './times.ts'

async function submitMany(store: RunStore, count: number, caller = 'alice'): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push((await store.submit(newRun({ caller }))).run.id)
  return ids
}

test("a caller's oldest runs are let in up to its share, in their order; the next follow as those end", async () => {
  const { store } = await testStore({ runsPerCaller: 3 })
  const ids = await submitMany(store, 5)
  const [bobs = ''] = await submitMany(store, 1, 'bob')
  const jobs = [...(await store.dueJobs(10))].sort((a, b) => a.priority - b.priority)
  expect(jobs.filter(({ runId }) => runId !== bobs)).toEqual([
    { runId: ids[0], fence: 0, priority: 1 },
    { runId: ids[1], fence: 0, priority: 2 },
    { runId: ids[2], fence: 0, priority: 3 },
  ])
  expect(jobs).toContainEqual({ runId: bobs, fence: 0, priority: 1 })
  expect(await store.dueJobs(10)).toEqual([])
  await store.cancel('alice', ids[0] ?? '')
  expect(await store.dueJobs(10)).toEqual([{ runId: ids[3], fence: 0, priority: 3 }])
  const claim = await store.claim(ids[1] ?? '', 'worker 1')
  expect(await store.dueJobs(10)).toEqual([])
  if (claim !== undefined) await store.finish(claim, completed())
  expect(await store.dueJobs(10)).toEqual([{ runId: ids[4], fence: 0, priority: 3 }])
})

test('nobody gets more than a share, however many processes look and however runs end meanwhile', async () => {
  const { store, database } = await testStore({ runsPerCaller: 4 })
  await submitMany(store, 24)
  const most = 4
  const admitted = async () => {
    const { rows } = await database.pool.query(
      'select id from runs where admitted_at is not null and ended_at is null order by created_at',
    )
    return rows.map(({ id }: { id: string }) => id)
  }
  const seen: string[] = []
  for (let round = 0; round < 6; round++) {
    const [first = '', second = ''] = await admitted()
    const jobs = await Promise.all([
      store.dueJobs(10),
      store.cancel('alice', first),
      store.dueJobs(10),
      store.cancel('alice', second),
      store.dueJobs(10),
    ])
    seen.push(...[jobs[0], jobs[2], jobs[4]].flat().map(({ runId }) => runId))
    expect((await admitted()).length).toBeLessThanOrEqual(most)
  }
  expect(new Set(seen).size).toBe(seen.length)
})

test('a job that nobody took is added again after a while, one that was taken is not', async () => {
  const { store, pass } = await testStore()
  const [taken = '', lost = ''] = await submitMany(store, 2)
  await store.dueJobs(10)
  const claim = await store.claim(taken, 'worker 1')
  await pass(25_000)
  if (claim !== undefined) expect(await store.renew([claim])).toEqual([])
  expect(await store.dueJobs(10)).toEqual([])
  await pass(5_001)
  expect(await store.dueJobs(10)).toEqual([{ runId: lost, fence: 0, priority: 2, isAgain: true }])
})

test('the run of a worker that has died is due once its lease is over, and soon again', async () => {
  const { store, pass } = await testStore()
  const here = await store.submit(newRun({ worker: 'here' }))
  const [id = ''] = await submitMany(store, 1)
  await store.dueJobs(10)
  await store.claim(id, 'worker 1')
  await pass(LEASE_MS / 2)
  expect(await store.dueJobs(10)).toEqual([])
  await pass(LEASE_MS / 2 + 1)
  const due = await store.dueJobs(10)
  expect(due).toHaveLength(2)
  expect(due).toContainEqual({ runId: id, fence: 1, priority: 1 })
  expect(due).toContainEqual({ runId: here.run.id, fence: 1, priority: 1 })
  expect(await store.dueJobs(10)).toEqual([])
  await pass(5_001)
  expect(await store.dueJobs(10)).toHaveLength(2)
})

test('what is to be done is handed out in portions, the longest forgotten first', async () => {
  const { store } = await testStore({ runsPerCaller: 10 })
  const ids = await submitMany(store, 5)
  const portions = [await store.dueJobs(2), await store.dueJobs(2), await store.dueJobs(2)]
  expect(portions.map((jobs) => jobs.map(({ runId }) => runId).sort())).toEqual([
    ids.slice(0, 2).sort(),
    ids.slice(2, 4).sort(),
    ids.slice(4),
  ])
})

test('runs that have ended are not due', async () => {
  const { store, pass } = await testStore()
  const claim = await claimedRun(store)
  await store.finish(claim, completed())
  await pass(60_000)
  expect(await store.dueJobs(10)).toEqual([])
})
