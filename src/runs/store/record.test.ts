import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { claimedRun, newRun, testStore, toolRecord } from '../../../test/support/stored-runs.ts'
import { LostClaimError, type StepRecord } from '../run-store.ts'

const step = (step: number, text = ''): StepRecord => ({
  step,
  events: [{ type: 'text', text }],
  usage: { promptTokens: 100, completionTokens: 10, cachedTokens: 5 },
})

test('steps and calls are told as they are recorded, without the words of the answer', async () => {
  const { store } = await testStore()
  const claim = await claimedRun(store)
  await store.recordStep(claim, step(1, 'a secret thought'))
  await store.recordTool(claim, toolRecord(1, 'call_a', 'It is \ud83d.'))
  const { result: _, ...record } = toolRecord(1, 'call_b')
  const reason = 'The node did not answer.'
  await store.recordTool(claim, { ...record, result: { ok: false, text: 'x', reason, invalidArguments: false } })
  const events = await store.events('alice', claim.runId, 2)
  expect(events).toMatchObject([
    { seq: 3, type: 'step_finished', step: 1, usage: step(1).usage },
    { seq: 4, type: 'tool_finished', step: 1, callId: 'call_a', name: 'nonce', ok: true, summary: 'It is \ud83d.' },
    { seq: 5, type: 'tool_finished', step: 1, callId: 'call_b', name: 'nonce', ok: false, summary: reason },
  ])
  expect(JSON.stringify(events)).not.toContain('secret')
  expect(await store.events('alice', claim.runId, 5)).toEqual([])
  expect(await store.events('alice', claim.runId, Number.MAX_SAFE_INTEGER)).toEqual([])
  expect(await store.events('bob', claim.runId, 0)).toBeUndefined()
})

test('what is recorded twice, even at once, is there once, as it was first', async () => {
  const { store, pass } = await testStore()
  const claim = await claimedRun(store)
  await store.recordStep(claim, step(1, 'first'))
  await Promise.all(Array.from({ length: 6 }, (_, i) => store.recordStep(claim, step(1, `again ${i}`))))
  await store.recordTool(claim, toolRecord(1, 'call_a', 'first'))
  await Promise.all(Array.from({ length: 6 }, (_, i) => store.recordTool(claim, toolRecord(1, 'call_a', `again ${i}`))))
  await Promise.all(Array.from({ length: 6 }, () => store.recordStep(claim, step(2, 'second'))))
  expect(await store.events('alice', claim.runId, 2)).toHaveLength(3)
  expect(await store.find('alice', claim.runId)).toMatchObject({
    steps: 2,
    usage: { promptTokens: 200, completionTokens: 20, cachedTokens: 10, reasoningTokens: 0 },
  })
  await pass(10_000)
  const next = await store.claim(claim.runId, 'worker 2')
  expect(next?.steps.get(1)).toEqual(step(1, 'first').events)
  expect(next?.tools).toEqual([toolRecord(1, 'call_a', 'first')])
})

test('calls of one step that end together are all recorded', async () => {
  const { store } = await testStore()
  const claim = await claimedRun(store)
  await Promise.all(Array.from({ length: 10 }, (_, i) => store.recordTool(claim, toolRecord(1, `call_${i}`))))
  const events = await store.events('alice', claim.runId, 0)
  expect(events?.map(({ seq }) => seq)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
})

test('a job is remembered until its step is recorded', async () => {
  const { store, pass } = await testStore()
  const claim = await claimedRun(store)
  await store.recordJob(claim, 1, { backend: 'x', id: '1' })
  await store.recordJob(claim, 2, { backend: 'x', id: '2' })
  await store.recordStep(claim, step(1))
  await pass(10_000)
  expect((await store.claim(claim.runId, 'worker 2'))?.jobs).toEqual(new Map([[2, { backend: 'x', id: '2' }]]))
})

test('what goes on in one run is not told in another', async () => {
  const { store } = await testStore()
  const claim = await claimedRun(store)
  const { run } = await store.submit(newRun())
  await store.recordStep(claim, step(1))
  expect(await store.events('alice', run.id, 0)).toMatchObject([{ type: 'queued' }])
  expect(await store.find('alice', run.id)).toMatchObject({ steps: 0, usage: { promptTokens: 0 } })
})

test('what is written while the run is being claimed waits for that, and is refused', async () => {
  const { store, database } = await testStore()
  const claim = await claimedRun(store)
  const writes = await database.db.transaction().execute(async (tx) => {
    await sql`update runs set fence = fence + 1 where id = ${claim.runId}`.execute(tx)
    const late = [store.recordStep(claim, step(1)), store.recordTool(claim, toolRecord(1, 'call_a'))].map((write) =>
      write.catch((error: unknown) => error),
    )
    const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await waiting.execute(database.db)).rows.length).toBe(2)
    return late
  })
  for (const write of writes) expect(await write).toBeInstanceOf(LostClaimError)
  const recorded = sql`select run_id from run_steps union all select run_id from run_tools`
  expect((await recorded.execute(database.db)).rows).toEqual([])
})
