import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { logLines } from '../../../test/support/log-lines.ts'
import { needsRedis, startRedis } from '../../../test/support/redis-server.ts'
import { testStore } from '../../../test/support/stored-runs.ts'
import { twoStepWork } from '../../../test/support/two-step-work.ts'
import { GatewayError } from '../../errors.ts'
import { createRunNews } from '../news/create-run-news.ts'
import { createRunQueue } from '../queue/create-run-queue.ts'
import type { RunStore } from '../run-store.ts'
import { createRunWorker, type RunWorkerDeps } from './create-run-worker.ts'
import { createLeaseKeeper } from './lease-keeper.ts'
import { createSweeper } from './sweeper.ts'

const PROCESS = resolve(import.meta.dirname, '../../../test/support/worker-process.ts')
const DONE = Promise.resolve()
const LEASE_MS = 8_000
const NEVER_MS = 3_600_000
const NEVER = new Promise(() => {})

test('a run is claimed, worked on and ended', async () => {
  const { store, submit, startWorker } = await setUp()
  const told: string[] = []
  startWorker({ work: twoStepWork(store, (what) => told.push(what), DONE) })
  const { id, caller } = await submit()
  await expect.poll(() => told).toEqual(['step 1', 'step 2', 'end'])
  expect(await store.find(caller, id)).toMatchObject({ steps: 2, endedAtMs: expect.any(Number) })
})

test('as a run ends, the next of its caller begins at once', async () => {
  const { store, submit, startWorker } = await setUp()
  const told: string[] = []
  for (let count = 0; count < 20; count++) await submit()
  startWorker({ work: twoStepWork(store, (what) => told.push(what), DONE), everyMs: NEVER_MS })
  await expect.poll(() => told.filter((what) => what === 'end')).toHaveLength(20)
})

test('a run that is cancelled is told to its worker at once, which gives it up', async () => {
  const { store, submit, startWorker } = await setUp()
  const told: string[] = []
  startWorker({ work: twoStepWork(store, (what) => told.push(what), NEVER), renewEveryMs: NEVER_MS })
  const { id, caller } = await submit()
  await expect.poll(() => told).toEqual(['step 1'])
  await store.cancel(caller, id)
  await expect.poll(() => told).toEqual(['step 1', 'RunEndedError'])
  expect(await store.find(caller, id)).toMatchObject({ state: 'cancelled' })
})

test('a worker whose drain is over gives its run back, and another goes on with it at once', async () => {
  const { store, submit, startWorker } = await setUp()
  const told: string[] = []
  const first = startWorker({ work: twoStepWork(store, (what, { fence }) => told.push(`${what} ${fence}`), NEVER) })
  await submit()
  await expect.poll(() => told).toEqual(['step 1 1'])
  await first.drain(AbortSignal.abort())
  expect(told).toEqual(['step 1 1', 'LostClaimError 1'])
  startWorker({ work: twoStepWork(store, (what, { fence }) => told.push(`${what} ${fence}`), DONE) })
  const all = ['step 1 1', 'LostClaimError 1', 'step 2 2', 'end 2']
  await expect.poll(() => told, { timeout: LEASE_MS / 2 }).toEqual(all)
})

test('work that throws is logged and not given back: the next try waits, and counts', async () => {
  const { store, submit, startWorker, database } = await setUp()
  const { log, told } = logLines()
  let tries = 0
  const work: RunWorkerDeps['work'] = async (claimed) => {
    if (++tries === 1) throw new Error('no luck')
    await twoStepWork(store, () => {}, DONE)(claimed, new AbortController().signal)
  }
  startWorker({ work, log, everyMs: 50 })
  const { id, caller } = await submit()
  await expect.poll(() => told('error')).toEqual(['a run could not be worked on: another try follows'])
  expect(await store.find(caller, id)).toMatchObject({ state: 'running' })
  await database.pool.query("update runs set lease_until = now() - interval '1 ms'")
  await expect.poll(() => store.find(caller, id)).toMatchObject({ endedAtMs: expect.any(Number) })
  const { rows } = await database.pool.query('select attempts from runs')
  expect(rows).toEqual([{ attempts: 2 }])
})

test('a store that is away when a job comes is waited for', async () => {
  const { store, submit, startWorker } = await setUp()
  const told: string[] = []
  let asked = 0
  const claim: RunStore['claim'] = (...args) =>
    ++asked < 3
      ? Promise.reject(new GatewayError('away', { status: 503, code: 'store_unavailable' }))
      : store.claim(...args)
  startWorker({ work: twoStepWork(store, (what) => told.push(what), DONE), store: { ...store, claim } })
  await submit()
  await expect.poll(() => told).toEqual(['step 1', 'step 2', 'end'])
})

test('a queue that is emptied in mid-run loses no run', async (context) => {
  needsRedis(context)
  const redis = await startRedis()
  const { store, submit, startWorker, database, queue } = await setUp(redis.url)
  const told: string[] = []
  const middle = Promise.withResolvers<void>()
  startWorker({
    work: twoStepWork(store, (what) => told.push(what), middle.promise),
    concurrency: 1,
    everyMs: 50,
  })
  const runs = [await submit(), await submit()]
  await expect.poll(() => queue.depth()).toEqual({ waiting: 1, active: 1 })
  await expect.poll(() => told).toEqual(['step 1'])
  const client = new Redis(redis.url)
  await client.flushall()
  client.disconnect()
  middle.resolve()
  await expect.poll(() => told).toEqual(['step 1', 'step 2', 'end'])
  // The store takes a job for lost when nobody has come for it in a while.
  await database.pool.query("update runs set added_at = added_at - interval '1 min' where ended_at is null")
  await expect.poll(() => told).toEqual(['step 1', 'step 2', 'end', 'step 1', 'step 2', 'end'])
  for (const { caller, id } of runs) expect((await store.find(caller, id))?.outcome).not.toBeNull()
})

test('the run of a worker that is killed in the middle is ended by another within 15 s, and no step is done twice', async () => {
  const { store, submit, startWorker, database } = await setUp()
  const child = startProcess(database.connectionString)
  const { id, caller } = await submit()
  expect(await child.line()).toBe('step 1 1')
  const told: string[] = []
  startWorker({ work: twoStepWork(store, (what, { fence }) => told.push(`${what} ${fence}`), DONE) })
  child.process.kill('SIGKILL')
  await expect.poll(() => told, { timeout: 15_000 }).toEqual(['step 2 2', 'end 2'])
  expect(await store.find(caller, id)).toMatchObject({ steps: 2, endedAtMs: expect.any(Number) })
})

test('a worker that was frozen while another took its run changes nothing when it comes back', async () => {
  const { store, submit, startWorker, database } = await setUp()
  const child = startProcess(database.connectionString)
  const { id, caller } = await submit()
  expect(await child.line()).toBe('step 1 1')
  child.process.kill('SIGSTOP')
  await database.pool.query("update runs set lease_until = now() - interval '1 ms'") // as if it had slept for long
  const told: string[] = []
  const middle = Promise.withResolvers<void>()
  startWorker({
    work: twoStepWork(store, (what, { fence }) => told.push(`${what} ${fence}`), middle.promise),
    everyMs: 50,
  })
  await expect.poll(() => store.events(caller, id, 0)).toContainEqual(expect.objectContaining({ attempt: 2 }))
  child.process.stdin?.write('go\n') // the first thing it hears when it wakes is that it may go on
  child.process.kill('SIGCONT')
  expect(await child.line()).toBe('LostClaimError 1')
  expect(await store.find(caller, id)).toMatchObject({ state: 'running', steps: 1 })
  middle.resolve()
  await expect.poll(() => told).toEqual(['step 2 2', 'end 2'])
  const events = await store.events(caller, id, 0)
  expect(events?.map(({ type }) => type)).toEqual([
    'queued',
    'started',
    'step_finished',
    'started',
    'step_finished',
    'failed',
  ])
})

async function setUp(redisUrl?: string) {
  const { store, submit, database } = await testStore()
  const news = createRunNews({ database, log: logLines().log })
  onTestFinished(() => news.close())
  const queue = await createRunQueue({ databaseUrl: database.connectionString, redisUrl, log: logLines().log })
  onTestFinished(() => queue.close())
  const gateway = createSweeper({ store, queue, everyMs: NEVER_MS, log: logLines().log })
  onTestFinished(() => gateway.stop())

  function startWorker({
    everyMs = 3_000,
    renewEveryMs = 2_000,
    ...deps
  }: Partial<RunWorkerDeps> & Pick<RunWorkerDeps, 'work'> & { everyMs?: number; renewEveryMs?: number }) {
    const log = deps.log === undefined ? logLines().log : { ...logLines().log, ...deps.log }
    const own = createSweeper({ store, queue, everyMs, log })
    onTestFinished(() => own.stop())
    const worker = createRunWorker({
      store,
      queue,
      leaseKeeper: createLeaseKeeper({ store, news, everyMs: renewEveryMs, log }),
      sweeper: own,
      concurrency: 4,
      worker: 'test',
      ...deps,
      log,
    })
    onTestFinished(() => worker.drain(AbortSignal.abort()))
    return worker
  }
  return {
    store,
    database,
    queue,
    startWorker,
    async submit() {
      const run = await submit()
      gateway.nudge()
      return run
    },
  }
}

function startProcess(databaseUrl: string): { process: ChildProcess; line(): Promise<string> } {
  const child = spawn(process.execPath, [PROCESS, databaseUrl], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (data: Buffer) => {
    text += data
  })
  return {
    process: child,
    async line() {
      await expect.poll(() => text).toContain('\n')
      const [line = '', ...rest] = text.split('\n')
      text = rest.join('\n')
      return line
    },
  }
}
