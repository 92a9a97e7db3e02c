import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import {
  claimedRun,
  completed,
  newRun,
  newRunId,
  type TestStore,
  testStore,
  toolRecord,
} from '../../../test/support/stored-runs.ts'
import type { RunNews, RunWatch } from '../run-news.ts'
import { createRunNews } from './create-run-news.ts'

const NEVER = new AbortController().signal
/** Far longer than news takes, and far shorter than a poll that a spec does not want. */
const SOON_MS = 8_000
const NO_POLL_MS = 3_600_000

function startNews({ database }: Pick<TestStore, 'database'>, pollMs = NO_POLL_MS): { news: RunNews; told: string[] } {
  const told: string[] = []
  const note = (message: unknown) => told.push(String(message))
  const log = { info: note, warn: note }
  const news = createRunNews({ database, log, pollMs })
  onTestFinished(() => news.close())
  return { news, told }
}

/** Resolves once the connection listens: until then nothing is told. */
async function isListening({ database }: Pick<TestStore, 'database'>): Promise<void> {
  await expect.poll(() => listeners(database).then((pids) => pids.length)).toBe(1)
}

async function listeners({ pool }: TestStore['database']): Promise<number[]> {
  const { rows } = await pool.query<{ pid: number }>(
    `select pid from pg_stat_activity
     where datname = current_database() and query like 'listen %' and state = 'idle'`,
  )
  return rows.map(({ pid }) => pid)
}

async function hears(watch: RunWatch, act: () => Promise<unknown>): Promise<void> {
  await act()
  await watch.next(AbortSignal.timeout(SOON_MS))
}

test('whoever watches a run hears of its start, each step and call, and its end, and of no other run', async () => {
  const rig = await testStore()
  const { store } = rig
  const { news } = startNews(rig)
  await isListening(rig)
  const { run } = await store.submit(newRun())
  const other = news.watch((await store.submit(newRun())).run.id)
  const watch = news.watch(run.id)
  let claim = await store.claim(run.id, 'worker 1')
  await watch.next(AbortSignal.timeout(SOON_MS))
  if (claim === undefined) throw new Error('not claimed')
  const held = claim
  await hears(watch, () =>
    store.recordStep(held, { step: 1, events: [], usage: { promptTokens: 1, completionTokens: 1 } }),
  )
  await hears(watch, () => store.recordTool(held, toolRecord(1, 'call_a')))
  await hears(watch, () => store.finish(held, completed()))
  claim = await claimedRun(store)
  const cancelled = news.watch(claim.runId)
  await hears(cancelled, () => store.cancel('alice', held.runId).then(() => store.cancel('alice', claim?.runId ?? '')))
  await expect(other.next(AbortSignal.timeout(1))).rejects.toThrow()
})

test('what happens between two waits is not lost, and is told once', async () => {
  const rig = await testStore()
  const { news } = startNews(rig)
  await isListening(rig)
  const { run } = await rig.store.submit(newRun())
  const watch = news.watch(run.id)
  const witness = news.watch(run.id)
  await rig.store.cancel('alice', run.id)
  await witness.next(AbortSignal.timeout(SOON_MS))
  await watch.next(NEVER)
  await expect(watch.next(AbortSignal.timeout(1))).rejects.toThrow()
})

test('without the connection for news, a look at the store every now and then finds what changed', async () => {
  const rig = await testStore()
  const { news } = startNews({ database: { ...rig.database, connectionString: 'postgres://127.0.0.1:1/none' } }, 20)
  const { run } = await rig.store.submit(newRun())
  const watch = news.watch(run.id)
  await watch.next(AbortSignal.timeout(SOON_MS)) // the first look knows nothing to compare with
  const next = watch.next(AbortSignal.timeout(SOON_MS))
  await delay(100)
  await rig.store.cancel('alice', run.id)
  await next
  await expect(watch.next(AbortSignal.timeout(200))).rejects.toThrow()
})

test('a connection that breaks is replaced, and everybody looks again', async () => {
  const rig = await testStore()
  const { news, told } = startNews(rig)
  await isListening(rig)
  const { run } = await rig.store.submit(newRun())
  const watch = news.watch(run.id)
  const [pid] = await listeners(rig.database)
  const woken = watch.next(AbortSignal.timeout(SOON_MS))
  await rig.database.pool.query('select pg_terminate_backend($1)', [pid])
  await woken
  expect(told).toHaveLength(2)
  await hears(watch, () => rig.store.cancel('alice', run.id))
})

test('many who wait cost one query a look', async () => {
  const rig = await testStore()
  let queries = 0
  const { db } = rig.database
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      queries++
      return node
    },
    transformResult: async ({ result }) => result,
  })
  const { news } = startNews({ database: { ...rig.database, db: counted } }, 50)
  const watches = Array.from({ length: 500 }, () => news.watch(newRunId()))
  await Promise.all(watches.map((watch) => watch.next(AbortSignal.timeout(SOON_MS))))
  expect(queries).toBeLessThan(5)
  for (const watch of watches) watch.stop()
  await delay(100)
  const after = queries
  await delay(200)
  expect(queries).toBe(after)
})

test('a signal ends a wait with its reason, and leaves no listener behind', async () => {
  const rig = await testStore()
  const { news } = startNews(rig, 10)
  const watch = news.watch(newRunId())
  await expect(watch.next(AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
  const leaving = new AbortController()
  const { signal } = leaving
  let listening = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listening++
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listening--
    removeEventListener.apply(signal, args)
  }
  for (let i = 0; i < 3; i++) await watch.next(signal) // a run that is not there is always news
  expect(listening).toBe(0)
  watch.stop()
  const waiting = news.watch(newRunId()).next(signal)
  leaving.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  expect(listening).toBe(0)
})

test('closing wakes whoever waits, and closes its connection', async () => {
  const rig = await testStore()
  const { news } = startNews(rig)
  await isListening(rig)
  const next = news.watch(newRunId()).next(NEVER)
  await news.close()
  await next
  await expect.poll(() => listeners(rig.database)).toEqual([])
})

test('it can be closed before it has connected', async () => {
  const rig = await testStore()
  const { news } = startNews(rig)
  await news.close()
  await expect.poll(() => listeners(rig.database)).toEqual([])
})
