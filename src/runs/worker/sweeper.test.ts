import { expect, onTestFinished, test } from 'vitest'
import { logLines } from '../../../test/support/log-lines.ts'
import { testStore } from '../../../test/support/stored-runs.ts'
import type { RunJob } from '../run-store.ts'
import { createSweeper, type SweeperDeps } from './sweeper.ts'

const NEVER = 3_600_000

test('a run that was taken is in the queue as soon as the sweeper is told', async () => {
  const { store, submit } = await testStore()
  const queue = listQueue()
  const sweeper = sweep({ store, queue, everyMs: NEVER })
  const { id } = await submit()
  sweeper.nudge()
  await expect.poll(() => queue.jobs).toEqual([{ runId: id, fence: 0, priority: 1 }])
})

test('untold, it comes round by itself, and ends what waited too long', async () => {
  const { store, submit, database } = await testStore()
  const queue = listQueue()
  const [fresh, old] = [await submit(), await submit({ caller: 'key_other' })]
  await database.pool.query("update runs set deadline = now() - interval '1 s' where id = $1", [old.id])
  sweep({ store, queue, everyMs: 50 })
  await expect.poll(() => queue.jobs.map(({ runId }) => runId)).toEqual([fresh.id])
  expect(await store.find(old.caller, old.id)).toMatchObject({ state: 'expired' })
})

test('a caller with more runs than its share gets the next ones in as the first end', async () => {
  const { store, submit } = await testStore()
  const queue = listQueue()
  const sweeper = sweep({ store, queue, everyMs: NEVER })
  for (let count = 0; count < 9; count++) await submit()
  sweeper.nudge()
  await expect.poll(() => queue.jobs).toHaveLength(8)
  const first = await store.claim(queue.jobs[0]?.runId ?? '', 'test')
  if (first !== undefined) await store.finish(first, { state: 'cancelled' })
  sweeper.nudge()
  await expect.poll(() => queue.jobs).toHaveLength(9)
})

test('jobs that cannot be added are said, and added once the queue is there again', async () => {
  const { store, submit } = await testStore()
  const { log, told } = logLines()
  const queue = listQueue()
  queue.isDown = true
  sweep({ store, queue, everyMs: 50, log })
  const ids = [(await submit()).id, (await submit()).id]
  await expect.poll(() => told('warn')).toEqual([expect.stringContaining('could not be added')])
  queue.isDown = false
  await expect.poll(() => queue.jobs.map(({ runId }) => runId).sort()).toEqual(ids.sort())
})

test('a store that is away is said once, and its return too', async () => {
  const { log, told } = logLines()
  let isAway = true
  let rounds = 0
  const store: SweeperDeps['store'] = {
    async endOverdue() {
      rounds++
      if (isAway) throw new Error('away')
      return []
    },
    settleLost: async () => ({ settled: 0, expired: 0 }),
    dueJobs: async () => [],
    prune: async () => {},
  }
  sweep({ store, queue: listQueue(), everyMs: 20, log })
  await expect.poll(() => rounds).toBeGreaterThan(3)
  expect(told('warn')).toHaveLength(1)
  isAway = false
  await expect.poll(() => told('info')).toEqual(['the sweeper works again'])
})

test('there is one round at a time, however often it is told', async () => {
  const rounds: (() => void)[] = []
  let running = 0
  let atOnce = 0
  const store: SweeperDeps['store'] = {
    endOverdue: async () => [],
    settleLost: async () => ({ settled: 0, expired: 0 }),
    async dueJobs() {
      atOnce = Math.max(atOnce, ++running)
      await new Promise<void>((resolve) => rounds.push(resolve))
      running--
      return []
    },
    prune: async () => {},
  }
  const sweeper = createSweeper({ store, queue: listQueue(), everyMs: 20, log: logLines().log })
  for (let count = 0; count < 10; count++) sweeper.nudge()
  await expect.poll(() => rounds).toHaveLength(1)
  rounds[0]?.()
  await expect.poll(() => rounds.length).toBeGreaterThan(1) // what it was told meanwhile
  const stopped = sweeper.stop()
  const freeing = setInterval(() => rounds.at(-1)?.(), 5)
  await stopped
  clearInterval(freeing)
  expect(atOnce).toBe(1)
})

test('what it was told before it stops is done before it has stopped', async () => {
  const { store, submit } = await testStore()
  const queue = listQueue()
  const sweeper = sweep({ store, queue, everyMs: NEVER })
  sweeper.nudge()
  const { id } = await submit()
  sweeper.nudge()
  await sweeper.stop()
  expect(queue.jobs.map(({ runId }) => runId)).toEqual([id])
  await submit()
  sweeper.nudge()
  await sweeper.stop()
  expect(queue.jobs).toHaveLength(1)
})

test('old runs are pruned now and then', async () => {
  let pruned = 0
  const store: SweeperDeps['store'] = {
    endOverdue: async () => [],
    settleLost: async () => ({ settled: 0, expired: 0 }),
    dueJobs: async () => [],
    prune: async () => void pruned++,
  }
  sweep({ store, queue: listQueue(), everyMs: 10, pruneEveryMs: 30 })
  await expect.poll(() => pruned).toBeGreaterThan(1)
})

function sweep(deps: Omit<SweeperDeps, 'log'> & Partial<Pick<SweeperDeps, 'log'>>) {
  const sweeper = createSweeper({ log: logLines().log, ...deps })
  onTestFinished(() => sweeper.stop())
  return sweeper
}

function listQueue() {
  const jobs: RunJob[] = []
  return {
    jobs,
    isDown: false,
    async add(job: RunJob) {
      if (this.isDown) throw new Error('the queue is away')
      jobs.push(job)
    },
    async check() {
      return this.isDown ? { status: 'down' as const, detail: 'away' } : { status: 'ok' as const }
    },
  }
}
