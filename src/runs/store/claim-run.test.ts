import { expect, onTestFinished, test, vi } from 'vitest'
import { claimedRun, completed, newRun, testStore, toolRecord } from '../../../test/support/stored-runs.ts'
import { LostClaimError } from '../run-store.ts'
import { LEASE_MS } from './times.ts'

const yes = () => true
const no = () => false
const USAGE = { promptTokens: 10, completionTokens: 2 }

test('of many workers that want a run at once, one gets it', async () => {
  const { store } = await testStore()
  const { run } = await store.submit(newRun())
  const all = await Promise.all(Array.from({ length: 12 }, (_, i) => store.claim(run.id, `worker ${i}`)))
  const claims = all.filter((claim) => claim !== undefined)
  expect(claims).toMatchObject([{ runId: run.id, fence: 1, run: { state: 'running' }, tools: [] }])
  expect(await store.events('alice', run.id, 1)).toMatchObject([{ seq: 2, type: 'started', attempt: 1 }])
})

test('a worker keeps a run by renewing its claim, and loses it by not', async () => {
  const { store, pass } = await testStore()
  const claim = await claimedRun(store)
  for (let i = 0; i < 3; i++) {
    await pass(LEASE_MS - 1_000)
    expect(await store.renew([claim])).toEqual([])
    expect(await store.claim(claim.runId, 'worker 2')).toBeUndefined()
  }
  await pass(LEASE_MS + 1)
  expect(await store.claim(claim.runId, 'worker 2')).toMatchObject({ fence: 2 })
  expect(await store.renew([claim])).toEqual([claim])
})

test('how long a worker may be silent is for the operator to say', async () => {
  const { store, pass } = await testStore({ leaseMs: 30_000 })
  const claim = await claimedRun(store)
  await pass(25_000)
  expect(await store.renew([claim])).toEqual([])
  await pass(25_000)
  expect(await store.claim(claim.runId, 'worker 2')).toBeUndefined()
  await pass(5_001)
  expect(await store.claim(claim.runId, 'worker 2')).toMatchObject({ fence: 2 })
  const { run } = await store.submit(newRun({ worker: 'here' }))
  await pass(30_001)
  expect(await store.claim(run.id, 'worker 2')).toMatchObject({ fence: 2 })
})

test('of many workers that find one dead at once, one takes over', async () => {
  const { store, pass } = await testStore()
  const { runId } = await claimedRun(store)
  await pass(LEASE_MS + 1)
  const all = await Promise.all(Array.from({ length: 12 }, (_, i) => store.claim(runId, `worker ${i}`)))
  expect(all.filter((claim) => claim !== undefined)).toMatchObject([{ fence: 2 }])
})

test('whoever takes over has what was recorded, in order, and what is left of the time', async () => {
  const { store, pass } = await testStore()
  const first = await claimedRun(store)
  const events = [{ type: 'text' as const, text: '\u0000 and \ud83d' }]
  await store.recordStep(first, { step: 1, events, usage: USAGE })
  for (const id of ['call_z', 'call_a', 'call_m']) await store.recordTool(first, toolRecord(1, id))
  await store.recordJob(first, 2, { backend: 'runpod:x', id: 'job-1' })
  await store.recordJob(first, 2, { backend: 'runpod:x', id: 'job-2' })
  await pass(100_000)
  const second = await store.claim(first.runId, 'worker 2')
  expect(second?.steps).toEqual(new Map([[1, events]]))
  expect(second?.tools).toEqual(['call_z', 'call_a', 'call_m'].map((id) => toolRecord(1, id)))
  expect(second?.jobs).toEqual(new Map([[2, { backend: 'runpod:x', id: 'job-2' }]]))
  expect(second?.run).toMatchObject({ steps: 1, usage: USAGE })
  expect(second?.remainingMs).toBeGreaterThan(490_000)
  expect(second?.remainingMs).toBeLessThan(500_000)
})

test('a claim tells when it was asked for, however long it takes to read what is recorded', async () => {
  const { store, database, pass } = await testStore()
  const { runId } = await claimedRun(store)
  await pass(LEASE_MS + 1)
  const blocker = await database.pool.connect()
  try {
    await blocker.query('begin; lock table run_steps in access exclusive mode')
    const claiming = store.claim(runId, 'worker 2')
    await expect.poll(() => store.events('alice', runId, 0)).toContainEqual(expect.objectContaining({ attempt: 2 }))
    const takenAtMs = performance.now()
    await blocker.query('commit')
    expect((await claiming)?.askedAtMs).toBeLessThan(takenAtMs)
  } finally {
    blocker.release()
  }
})

test('a worker whose run another one has changes nothing any more', async () => {
  const { store, pass } = await testStore()
  const old = await claimedRun(store)
  await store.recordStep(old, { step: 1, events: [], usage: USAGE })
  await pass(LEASE_MS + 1)
  const claim = await store.claim(old.runId, 'worker 2')
  const before = [await store.find('alice', old.runId), await store.events('alice', old.runId, 0)]
  await expect(store.recordStep(old, { step: 2, events: [], usage: USAGE })).rejects.toThrow(LostClaimError)
  await expect(store.recordTool(old, toolRecord(1, 'call_a'))).rejects.toThrow(LostClaimError)
  await expect(store.recordJob(old, 2, { backend: 'x', id: '1' })).rejects.toThrow(LostClaimError)
  await expect(store.finish(old, completed())).rejects.toThrow(LostClaimError)
  await store.release(old)
  expect([await store.find('alice', old.runId), await store.events('alice', old.runId, 0)]).toEqual(before)
  if (claim !== undefined) await store.recordStep(claim, { step: 2, events: [], usage: USAGE })
  expect(await store.find('alice', old.runId)).toMatchObject({ steps: 2 })
})

test('a run that is given back is free at once, and that was no failed try', async () => {
  const { store, pass } = await testStore()
  let claim = await claimedRun(store)
  for (let i = 0; i < 10; i++) {
    await store.release(claim)
    expect(await store.find('alice', claim.runId)).toMatchObject({ state: 'queued' })
    expect(await store.dueJobs(10)).toEqual([{ runId: claim.runId, fence: claim.fence, priority: 1 }])
    const next = await store.claim(claim.runId, 'worker 2')
    expect(next).toMatchObject({ fence: claim.fence + 1 })
    if (next !== undefined) claim = next
  }
  await pass(599_000)
  expect(await store.renew([claim])).toEqual([])
  expect((await store.find('alice', claim.runId))?.startedAtMs).not.toBeNull()
})

test('a run that has ended, or waited too long, is not claimed', async () => {
  const { store, pass } = await testStore({ queueTimeoutMs: 1_000 })
  const { runId } = await claimedRun(store)
  await store.cancel('alice', runId)
  const { run } = await store.submit(newRun())
  await pass(LEASE_MS + 1)
  expect(await store.claim(runId, 'worker 1')).toBeUndefined()
  expect(await store.claim(run.id, 'worker 1')).toBeUndefined()
})

test('a worker that does not end a run in its time cannot keep it for ever', async () => {
  const { store, pass } = await testStore()
  const claim = await claimedRun(store, { runTimeoutMs: 10_000 })
  await pass(30_000)
  expect(await store.renew([claim])).toEqual([])
  await pass(10_001)
  expect(await store.renew([claim])).toEqual([claim])
})

test('claims are renewed together, and the lost ones told apart', async () => {
  const { store } = await testStore()
  const claims = await Promise.all(Array.from({ length: 6 }, () => claimedRun(store)))
  const [first, second, third] = claims
  await store.cancel('alice', first?.runId ?? '')
  if (second !== undefined) await store.finish(second, completed())
  if (third !== undefined) await store.release(third)
  expect(await store.renew(claims)).toEqual(claims.slice(0, 3))
  expect(await store.renew([])).toEqual([])
})

test('what a worker writes while another takes over is either refused, or known to the other', async () => {
  const { store, pass } = await testStore()
  let claim = await claimedRun(store)
  for (let step = 1; step <= 4; step++) {
    await pass(LEASE_MS + 1)
    const [stepWritten, toolWritten, next] = await Promise.all([
      store.recordStep(claim, { step, events: [], usage: USAGE }).then(yes, no),
      store.recordTool(claim, toolRecord(step, 'call_a')).then(yes, no),
      store.claim(claim.runId, 'worker 2'),
    ])
    if (next === undefined) throw new Error('not claimed')
    expect(next.steps.has(step)).toBe(stepWritten)
    expect(next.tools.some((record) => record.step === step)).toBe(toolWritten)
    expect(next.run.steps).toBe(next.steps.size)
    claim = next
  }
})

test('the clock of a process does not matter', async () => {
  const { store, pass } = await testStore()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 90_000_000 })
  const claim = await claimedRun(store, { idempotencyKey: 'k' })
  vi.setSystemTime(Date.now() + 180_000_000)
  expect(await store.claim(claim.runId, 'worker 2')).toBeUndefined()
  expect(await store.renew([claim])).toEqual([])
  expect(await store.endOverdue()).toEqual([])
  expect((await store.submit(newRun({ idempotencyKey: 'k' }))).type).toBe('joined')
  await pass(LEASE_MS + 1)
  expect(await store.claim(claim.runId, 'worker 2')).toMatchObject({ fence: 2 })
})
