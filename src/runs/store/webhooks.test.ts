import { expect, test } from 'vitest'
import { claimedRun, completed, testStore } from '../../../test/support/stored-runs.ts'

const WEBHOOK = { url: 'https://a.example/hook', secret: 'whsec_c2VjcmV0' }

test('a webhook is due when its run has ended, however that came, and not before', async () => {
  const { store, pass } = await testStore()
  const finished = await claimedRun(store, { webhook: WEBHOOK })
  const cancelled = await claimedRun(store, { webhook: WEBHOOK })
  const overdue = await claimedRun(store, { webhook: WEBHOOK, runTimeoutMs: 1_000 })
  await store.finish(await claimedRun(store), completed())
  expect(await store.dueWebhooks(10)).toEqual([])
  const run = await store.finish(finished, completed())
  expect(await store.dueWebhooks(10)).toEqual([{ run, ...WEBHOOK, tries: 0 }])
  await store.cancel('alice', cancelled.runId)
  await pass(40_000)
  await store.endOverdue()
  const due = await store.dueWebhooks(10)
  expect(due.map(({ run }) => run.id).sort()).toEqual([cancelled.runId, overdue.runId].sort())
})

test('of many processes that look, each webhook is for one, for a minute', async () => {
  const { store, pass } = await testStore()
  for (let i = 0; i < 10; i++) await store.finish(await claimedRun(store, { webhook: WEBHOOK }), completed())
  const all = (await Promise.all(Array.from({ length: 8 }, () => store.dueWebhooks(2)))).flat()
  const rest = await store.dueWebhooks(10)
  expect(new Set([...all, ...rest].map(({ run }) => run.id)).size).toBe(10)
  expect(all.length + rest.length).toBe(10)
  await pass(60_001)
  const again = await store.dueWebhooks(20)
  expect(again.map(({ tries }) => tries)).toEqual(Array.from({ length: 10 }, () => 1))
})

test('one that failed is due again when it was said to be; one that is done with leaves no secret', async () => {
  const { store, pass, database } = await testStore()
  const claim = await claimedRun(store, { webhook: WEBHOOK })
  await store.finish(claim, completed())
  await store.dueWebhooks(1)
  await store.noteWebhook(claim.runId, 10_000)
  await pass(5_000)
  expect(await store.dueWebhooks(1)).toEqual([])
  await pass(5_001)
  expect(await store.dueWebhooks(1)).toMatchObject([{ tries: 1 }])
  await store.noteWebhook(claim.runId, undefined)
  await store.noteWebhook(claim.runId, 0) // said too late
  await pass(120_000)
  expect(await store.dueWebhooks(1)).toEqual([])
  const { rows } = await database.pool.query('select to_json(runs)::text as row from runs')
  expect(rows[0].row).not.toContain('whsec_')
})
