import { expect, test } from 'vitest'
import { claimedRun, completed, failed, newRun, newRunId, testStore } from '../../../test/support/stored-runs.ts'
import type { NewRun, RunStore, Submitted } from '../run-store.ts'

const idOf = async (submitted: Promise<Submitted>) => (await submitted).run.id
const KEYED = { idempotencyKey: 'k-1', bodyHash: 'a1' }
const RETRY = { isRetry: true, background: false }

async function ended(store: RunStore, changes: Partial<NewRun>, outcome = completed()): Promise<string> {
  const claim = await claimedRun(store, changes)
  return (await store.finish(claim, outcome)).id
}

test('a run is stored as it was asked for, and found by its caller alone', async () => {
  const { store } = await testStore()
  const text = 'NUL \u0000, half a pair \ud83d, and \u0000n12'
  const asked = newRun({ envelope: { number: 2n ** 200n, text } })
  const order = { ...asked.order, messages: [{ role: 'user' as const, text }] }
  const { run } = await store.submit({ ...asked, order })
  expect(run).toMatchObject({ id: asked.id, state: 'queued', envelope: asked.envelope, outcome: null, steps: 0 })
  expect(run.order).toEqual(order)
  expect(run.deadlineMs - run.createdAtMs).toBeCloseTo(900_000, -2)
  expect(await store.find('alice', asked.id)).toEqual(run)
  expect(await store.find('bob', asked.id)).toBeUndefined()
})

test('what is no id of a run is not found, whatever it holds', async () => {
  const { store } = await testStore()
  for (const id of [
    '',
    'run_',
    'run_\u0000',
    `${newRunId()}x`,
    newRunId().toUpperCase(),
    '\ud83d',
    'x'.repeat(100_000),
  ]) {
    expect(await store.find('alice', id)).toBeUndefined()
    expect(await store.events('alice', id, 0)).toBeUndefined()
    expect(await store.cancel('alice', id)).toBeUndefined()
    expect(await store.forget('alice', id)).toBe(false)
    expect(await store.list('alice', { limit: 1, after: id })).toBeUndefined()
    expect(await store.claim(id, 'worker 1')).toBeUndefined()
    await store.abandon(id, 1)
  }
})

test('a run of the process that takes it is held from the start, and counts for no limit of the queue', async () => {
  const { store } = await testStore({ pendingPerCaller: 1, queueLimit: 1 })
  for (let i = 0; i < 3; i++) {
    const here = await store.submit(newRun({ worker: 'here' }))
    expect(here).toMatchObject({
      type: 'accepted',
      run: { state: 'running' },
      claim: { fence: 1, remainingMs: 600_000 },
    })
    expect(await store.claim(here.run.id, 'worker 1')).toBeUndefined()
    expect(await store.events('alice', here.run.id, 0)).toMatchObject([
      { type: 'queued' },
      { type: 'started', attempt: 1 },
    ])
  }
  await store.submit(newRun())
})

test('a caller has only so many runs at once that are done where they are taken, by whatever keys', async () => {
  const { store } = await testStore({ answersPerCaller: 2 })
  const submit = (key: number, caller = 'alice') =>
    store.submit(newRun({ caller, worker: 'here', background: false, idempotencyKey: `k-${key}` }))
  const all = await Promise.allSettled(Array.from({ length: 6 }, (_, key) => submit(key)))
  const taken = all.flatMap((each) => (each.status === 'fulfilled' ? [each.value.run.id] : []))
  expect(taken).toHaveLength(2)
  for (const each of all) {
    if (each.status === 'rejected') expect(each.reason).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  }
  const known = all.findIndex(({ status }) => status === 'fulfilled')
  expect((await submit(known)).type).toBe('joined')
  await submit(7, 'bob')
  await store.submit(newRun())
  await store.cancel('alice', taken[0] ?? '')
  expect((await submit(8)).type).toBe('accepted')
})

test('of many requests with one key at once, one is taken and the others join it', async () => {
  const { store } = await testStore()
  const all = await Promise.all(Array.from({ length: 12 }, () => store.submit(newRun(KEYED))))
  expect(all.filter(({ type }) => type === 'accepted')).toHaveLength(1)
  expect(new Set(all.map(({ run }) => run.id)).size).toBe(1)
})

test('a key is one of a caller and a route', async () => {
  const { store } = await testStore()
  const first = await idOf(store.submit(newRun(KEYED)))
  const others = [{ caller: 'bob' }, { route: 'responses' }, { idempotencyKey: 'k-2' }]
  for (const other of others) expect(await idOf(store.submit(newRun({ ...KEYED, ...other })))).not.toBe(first)
  expect(await idOf(store.submit(newRun(KEYED)))).toBe(first)
})

test('a key that came with another body is refused', async () => {
  const { store } = await testStore()
  await store.submit(newRun(KEYED))
  await expect(store.submit(newRun({ ...KEYED, bodyHash: 'b2' }))).rejects.toMatchObject({
    status: 422,
    code: 'idempotency_key_reused',
    param: 'Idempotency-Key',
  })
})

test('a key answers for a day', async () => {
  const { store, pass } = await testStore()
  const first = await ended(store, KEYED)
  await pass(86_390_000)
  expect(await idOf(store.submit(newRun(KEYED)))).toBe(first)
  await pass(20_000)
  const second = await idOf(store.submit(newRun({ ...KEYED, bodyHash: 'b2' })))
  expect(second).not.toBe(first)
  expect(await idOf(store.submit(newRun({ ...KEYED, bodyHash: 'b2' })))).toBe(second)
})

test('a key whose run failed for a reason of the server is that of the next run; what else it ended with stays', async () => {
  const { store, pass } = await testStore({ queueTimeoutMs: 1_000 })
  const again = async (changes: Partial<NewRun>) => (await store.submit(newRun(changes))).type
  for (const status of [500, 503, 504, 429]) {
    const key = { idempotencyKey: `k-${status}` }
    await ended(store, key, failed(status))
    expect([await again(key), await again(key)]).toEqual(['accepted', 'joined'])
  }
  for (const outcome of [failed(400), failed(404), completed(), { state: 'cancelled' } as const]) {
    const key = { idempotencyKey: `k-${JSON.stringify(outcome)}`.slice(0, 255) }
    await ended(store, key, outcome)
    expect(await again(key)).toBe('joined')
  }
  const key = { idempotencyKey: 'k-expired' }
  await store.submit(newRun(key))
  await pass(1_001)
  await store.endOverdue()
  expect(await again(key)).toBe('accepted')
})

test("an SDK's retry joins the newest run of the same body that may still answer, for half an hour", async () => {
  const { store, pass } = await testStore()
  expect((await store.submit(newRun(RETRY))).type).toBe('accepted')
  const newest = await idOf(store.submit(newRun()))
  expect(await store.submit(newRun(RETRY))).toMatchObject({ type: 'joined', run: { id: newest } })
  for (const other of [{ caller: 'bob' }, { route: 'responses' }, { bodyHash: 'b2' }])
    expect((await store.submit(newRun({ ...RETRY, ...other }))).type).toBe('accepted')
  await pass(1_801_000)
  expect((await store.submit(newRun(RETRY))).type).toBe('accepted')
})

test("an SDK's retry starts anew where the first try came to nothing", async () => {
  const { store } = await testStore()
  await ended(store, {}, failed(400))
  await ended(store, {}, { state: 'cancelled' })
  expect((await store.submit(newRun(RETRY))).type).toBe('accepted')
})

test('who joins keeps the run from being abandoned', async () => {
  const { store, pass } = await testStore()
  const first = await idOf(store.submit(newRun({ background: false })))
  await store.abandon(first, 1_000)
  expect(await idOf(store.submit(newRun(RETRY)))).toBe(first)
  await pass(2_000)
  expect(await store.endOverdue()).toEqual([])
})

test('a caller has only so many runs that have not ended, whatever it sends at once', async () => {
  const { store } = await testStore({ pendingPerCaller: 5, runsPerCaller: 2 })
  const all = await Promise.allSettled(Array.from({ length: 12 }, () => store.submit(newRun())))
  const refused = all.filter((each) => each.status === 'rejected')
  expect(refused).toHaveLength(7)
  for (const { reason } of refused)
    expect(reason).toMatchObject({ status: 429, code: 'rate_limit_exceeded', retryAfterSec: 30 })
  await store.submit(newRun({ caller: 'bob' }))
  const [job] = await store.dueJobs(1)
  await store.cancel('alice', job?.runId ?? '')
  await store.submit(newRun())
})

test('the queue holds only so many runs', async () => {
  const { store } = await testStore({ queueLimit: 3 })
  for (const caller of ['alice', 'bob', 'carol']) await store.submit(newRun({ caller }))
  const refused = store.submit(newRun({ caller: 'dave' }))
  await expect(refused).rejects.toMatchObject({ status: 503, code: 'server_overloaded', retryAfterSec: 30 })
})

test('a run that is refused leaves its key free', async () => {
  const { store } = await testStore({ pendingPerCaller: 1 })
  const { run } = await store.submit(newRun())
  await expect(store.submit(newRun(KEYED))).rejects.toMatchObject({ status: 429 })
  await store.cancel('alice', run.id)
  expect((await store.submit(newRun(KEYED))).type).toBe('accepted')
})

test('a request with a known key joins its run though the caller has no room for another', async () => {
  const { store } = await testStore({ pendingPerCaller: 1 })
  await store.submit(newRun(KEYED))
  expect((await store.submit(newRun(KEYED))).type).toBe('joined')
})
