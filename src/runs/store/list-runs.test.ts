import { expect, test } from 'vitest'
import { newRun, newRunId, testStore } from '../../../test/support/stored-runs.ts'

test('a caller leafs through its runs, newest first, and sees no other’s', async () => {
  const { store, database } = await testStore()
  const ids: string[] = []
  for (let i = 0; i < 7; i++) ids.unshift((await store.submit(newRun())).run.id)
  await database.pool.query(`update runs set created_at = '2026-01-01'`) // ties are broken by id
  ids.sort().reverse()
  const { run } = await store.submit(newRun({ caller: 'bob' }))
  const pages: string[][] = []
  for (let after: string | undefined, hasMore = true; hasMore; after = pages.at(-1)?.at(-1)) {
    const page = await store.list('alice', { limit: 3, after })
    pages.push(page?.runs.map(({ id }) => id) ?? [])
    hasMore = page?.hasMore ?? false
  }
  expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)])
  expect(await store.list('alice', { limit: 3, after: ids.at(-1) })).toEqual({ runs: [], hasMore: false })
  expect(await store.list('alice', { limit: 3, after: run.id })).toBeUndefined()
  expect(await store.list('alice', { limit: 3, after: newRunId() })).toBeUndefined()
})

test('a page can be of some states only', async () => {
  const { store } = await testStore()
  const cancelled = (await store.submit(newRun())).run.id
  const queued = (await store.submit(newRun())).run.id
  await store.cancel('alice', cancelled)
  const ids = async (states: ('queued' | 'cancelled' | 'failed')[]) =>
    (await store.list('alice', { limit: 9, states }))?.runs.map(({ id }) => id)
  expect(await ids(['queued'])).toEqual([queued])
  expect(await ids(['cancelled', 'failed'])).toEqual([cancelled])
  expect(await ids(['failed'])).toEqual([])
})

test('a page of huge runs ends early, and has more', async () => {
  const { store } = await testStore()
  const envelope = 'x'.repeat(9 * 1024 * 1024)
  const ids: string[] = []
  for (let i = 0; i < 3; i++) ids.unshift((await store.submit(newRun({ envelope }))).run.id)
  const first = await store.list('alice', { limit: 3 })
  expect([first?.runs.map(({ id }) => id), first?.hasMore]).toEqual([ids.slice(0, 2), true])
  const second = await store.list('alice', { limit: 3, after: ids[1] })
  expect([second?.runs.map(({ id }) => id), second?.hasMore]).toEqual([ids.slice(2), false])
})
