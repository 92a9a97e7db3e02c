import { onTestFinished } from 'vitest'
import type { AppDeps } from '../../src/app.ts'
import type { Models } from '../../src/models/models.ts'
import { createConductRun } from '../../src/runs/conduct-run.ts'
import { createFollowRun } from '../../src/runs/follow-run.ts'
import { createRunNews } from '../../src/runs/news/create-run-news.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { type ClaimedRun, RunEndedError } from '../../src/runs/run-store.ts'
import type { RunStoreLimits } from '../../src/runs/store/store-deps.ts'
import { createRunTaker } from '../../src/runs/take-run.ts'
import { testStore } from './stored-runs.ts'

/** Runs in a store of their own, with one worker in this process and no queue: for specs of what callers see. */
export async function durableRuns(
  executeRun: ExecuteRun,
  models: Models,
  limits: Partial<RunStoreLimits> = {},
): Promise<Pick<AppDeps, 'takeRun' | 'runs' | 'news'>> {
  const { database, store } = await testStore({ queueTimeoutMs: 60_000, ...limits })
  const news = createRunNews({ database, log: SILENT })
  const follow = createFollowRun({ store, news })
  const conduct = createConductRun({ store, models, executeRun, onError: () => {} })
  const working = new Set<Promise<unknown>>()
  const stopping = new AbortController()

  async function work(claimed: ClaimedRun): Promise<void> {
    const watch = news.watch(claimed.runId)
    const over = new AbortController()
    const gone = new AbortController()
    const signal = AbortSignal.any([stopping.signal, gone.signal])
    const watched = AbortSignal.any([stopping.signal, over.signal])
    const watching = (async () => {
      for (;;) {
        await watch.next(watched)
        const run = await store.find(claimed.run.caller, claimed.runId)
        if (run === undefined || run.state === 'cancelled') gone.abort(new RunEndedError('cancelled'))
      }
    })().catch(() => {})
    await conduct(claimed, signal).catch(() => {})
    over.abort()
    watch.stop()
    await watching
  }

  async function pump(): Promise<void> {
    for (const { runId } of await store.dueJobs(100)) {
      const claimed = await store.claim(runId, 'test')
      if (claimed === undefined) continue
      const done = work(claimed)
        .then(pump)
        .catch(() => {})
      working.add(done)
      void done.finally(() => working.delete(done))
    }
  }

  const taker = createRunTaker({
    store,
    follow,
    conduct,
    hold: () => ({ signal: stopping.signal, release: () => {} }),
    nudge: () => void pump().catch(() => {}),
    worker: 'test',
  })
  onTestFinished(async () => {
    stopping.abort(new Error('the test is over'))
    await Promise.allSettled([...working, taker.drain(AbortSignal.abort())])
    await news.close()
    await database.close()
  })
  return { takeRun: taker.take, runs: store, news }
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }
