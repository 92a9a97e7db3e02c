import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import { createEgress } from './egress/egress.ts'
import type { Models } from './models/models.ts'
import { createConductRun } from './runs/conduct-run.ts'
import { createFollowRun } from './runs/follow-run.ts'
import { createRunNews } from './runs/news/create-run-news.ts'
import { createRunQueue } from './runs/queue/create-run-queue.ts'
import type { ExecuteRun } from './runs/run.ts'
import type { RunNews } from './runs/run-news.ts'
import type { RunQueue } from './runs/run-queue.ts'
import type { RunDesk, RunStore } from './runs/run-store.ts'
import { createRunTaker, type TakeRun } from './runs/take-run.ts'
import type { RunApi } from './runs/webhooks/webhook-event.ts'
import { createWebhookSender } from './runs/webhooks/webhook-sender.ts'
import { createRunWorker } from './runs/worker/create-run-worker.ts'
import { createLeaseKeeper } from './runs/worker/lease-keeper.ts'
import { createOrphanCanceller } from './runs/worker/orphan-canceller.ts'
import { createSweeper } from './runs/worker/sweeper.ts'

/** Runs that outlive their request: what takes them, works on them and keeps them in order, as far as the role of this process goes. */
export type DurableRuns = {
  takeRun: TakeRun
  runs: RunDesk
  news: RunNews
  queue: RunQueue
  /** Takes no more runs; gives back those that have not ended when `limit` fires. */
  drain(limit: AbortSignal): Promise<void>
  /** What still runs is given back at once. */
  close(): Promise<void>
}

export type DurableRunsDeps = {
  config: Pick<Config, 'role' | 'redisUrl' | 'workerConcurrency' | 'leaseMs' | 'egressAllow'>
  database: Database
  store: RunStore
  models: Models
  executeRun: ExecuteRun
  /** Which API's words the webhook of a run is told in. */
  apiOf: (run: { envelope: unknown }) => RunApi
  onWebhook?: ((outcome: 'delivered' | 'failed' | 'given_up') => void) | undefined
  log: Logger
}

export async function startDurableRuns(deps: DurableRunsDeps): Promise<DurableRuns> {
  const { config, database, store, models, executeRun, apiOf, onWebhook, log } = deps
  const { role, redisUrl, workerConcurrency, leaseMs, egressAllow } = config
  const worker = `${hostname()}:${crypto.randomUUID().slice(0, 8)}`
  const queue = await createRunQueue({ databaseUrl: database.connectionString, redisUrl, leaseMs, log })
  const news = createRunNews({ database, log })
  const leaseKeeper = createLeaseKeeper({ store, news, leaseMs, log })
  const works = role !== 'gateway'
  const orphans = works ? createOrphanCanceller({ store, models, log }) : undefined
  const sweeper = createSweeper({ store, queue, everyMs: (3 / 8) * leaseMs, cancelOrphans: orphans?.look, log })
  const follow = createFollowRun({ store, news })
  const conduct = createConductRun({
    store,
    models,
    executeRun,
    onError: (run, error) => log.error({ runId: run.id, model: run.model, err: error }, 'a run failed'),
  })
  const taker = createRunTaker({ store, follow, conduct, hold: leaseKeeper.hold, nudge: sweeper.nudge, worker })
  const webhooks = createWebhookSender({
    store,
    egress: createEgress({ allow: egressAllow }),
    apiOf,
    ...(onWebhook && { onWebhook }),
    log,
  })
  const running = works
    ? createRunWorker({
        store,
        queue,
        leaseKeeper,
        sweeper,
        work: async (claimed, signal) => {
          await conduct(claimed, signal)
          webhooks.nudge()
        },
        concurrency: workerConcurrency,
        worker,
        log,
      })
    : undefined
  if (works) webhooks.start()

  async function drain(limit: AbortSignal): Promise<void> {
    await Promise.all([running?.drain(limit), taker.drain(limit), works ? webhooks.stop(limit) : undefined])
  }

  return {
    takeRun: taker.take,
    runs: store,
    news,
    queue,
    drain,
    async close() {
      await drain(AbortSignal.abort())
      await sweeper.stop()
      await orphans?.stop()
      await Promise.all([queue.close(), news.close()])
    },
  }
}
