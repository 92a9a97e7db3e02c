import { expect, test } from 'vitest'
import { claimedRun, completed, newRun, testStore } from '../../../test/support/stored-runs.ts'
import { createLeases } from './leases.ts'
import { createStoredKeep } from './stored-keep.ts'

const HOUR_MS = 3_600_000

test('a run is kept until its time is over, and then goes with all that was recorded of it', async () => {
  const { store, pass, database } = await testStore({ retentionMs: HOUR_MS })
  const claim = await claimedRun(store)
  await store.recordStep(claim, { step: 1, events: [], usage: { promptTokens: 1, completionTokens: 1 } })
  await store.finish(claim, completed())
  const { run } = await store.submit(newRun())
  await pass(HOUR_MS - 60_000)
  await store.prune()
  expect(await store.counts()).toMatchObject({ completed: 1, queued: 1 })
  await pass(60_001)
  await store.prune()
  expect(await store.counts()).toMatchObject({ completed: 0, queued: 1 })
  const { rows } = await database.pool.query('select run_id from run_events union all select run_id from run_steps')
  expect(rows).toEqual([{ run_id: run.id }])
})

test('many are removed at once', async () => {
  const { store, pass, database } = await testStore({ retentionMs: HOUR_MS })
  await store.finish(await claimedRun(store), completed())
  await database.pool.query(`
    insert into idempotency_keys (caller, route, key, body_hash, run_id)
    select 'alice', 'chat', n::text, 'a1', id from runs, generate_series(1, 1000) as n`)
  await pass(25 * HOUR_MS)
  await store.prune()
  expect((await database.pool.query('select from idempotency_keys')).rowCount).toBe(0)
  expect(await store.counts()).toMatchObject({ completed: 0 })
})

test('a run is kept as long as its key answers, and until its webhook is done', async () => {
  const { store, pass } = await testStore({ retentionMs: HOUR_MS })
  await store.finish(await claimedRun(store, { idempotencyKey: 'k' }), completed())
  const hooked = await claimedRun(store, { webhook: { url: 'https://a.example', secret: 'whsec_' } })
  await store.finish(hooked, completed())
  await pass(23 * HOUR_MS)
  await store.prune()
  expect(await store.counts()).toMatchObject({ completed: 2 })
  await store.dueWebhooks(1)
  await store.noteWebhook(hooked.runId, undefined)
  await pass(2 * HOUR_MS)
  await store.prune()
  expect(await store.counts()).toMatchObject({ completed: 0 })
})

test('kept values and leases past their time are removed', async () => {
  const { store, pass, database } = await testStore()
  const keep = createStoredKeep<object>({ database, kind: 'turn', ttlMs: 60_000 })
  await keep.set('alice', 'a', {})
  await createLeases({ database }).take('x', 'me', 60_000)
  await pass(60_001)
  await keep.set('alice', 'b', {})
  await store.prune()
  expect((await database.pool.query('select id from kept')).rows).toEqual([{ id: 'b' }])
  expect((await database.pool.query('select from leases')).rowCount).toBe(0)
})

test('only a run that has ended is forgotten, and only by its caller', async () => {
  const { store } = await testStore()
  const claim = await claimedRun(store, { idempotencyKey: 'k' })
  expect(await store.forget('alice', claim.runId)).toBe(false)
  await store.finish(claim, completed())
  expect(await store.forget('bob', claim.runId)).toBe(false)
  expect(await store.forget('alice', claim.runId)).toBe(true)
  expect(await store.find('alice', claim.runId)).toBeUndefined()
  expect(await store.forget('alice', claim.runId)).toBe(false)
})

test('runs are counted by state', async () => {
  const { store } = await testStore()
  const none = { queued: 0, running: 0, completed: 0, failed: 0, cancelled: 0, expired: 0 }
  expect(await store.counts()).toEqual(none)
  await store.submit(newRun())
  await store.submit(newRun({ caller: 'bob' }))
  await claimedRun(store)
  await store.finish(await claimedRun(store), completed())
  expect(await store.counts()).toEqual({ ...none, queued: 2, running: 1, completed: 1 })
})
