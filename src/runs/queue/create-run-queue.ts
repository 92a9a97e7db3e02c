import type { Logger } from 'pino'
import type { RunQueue } from '../run-queue.ts'
import { QUEUE_NAME } from './backend.ts'
import { createOutage } from './outage.ts'
import { openPostgresBackend } from './postgres-backend.ts'
import { openRedisBackend } from './redis-backend.ts'
import { within } from './within.ts'
import { workJobs } from './work-jobs.ts'

export type RunQueueOptions = {
  /** Postgres, where there is no Redis. Like `redisUrl` it may hold a password. */
  databaseUrl: string
  redisUrl?: string | undefined
  log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  /** How long a worker may be silent before its jobs are given to others. */
  leaseMs?: number
  /** How long a server that does not answer is waited for. */
  waitMs?: number
  /** Stops waiting. */
  signal?: AbortSignal | undefined
}

/** The queue of runs, in BullMQ. @throws `QueueSetupError`, which says what to change. */
export async function createRunQueue({ databaseUrl, redisUrl, ...options }: RunQueueOptions): Promise<RunQueue> {
  const backend =
    redisUrl === undefined ? await openPostgresBackend(databaseUrl, options) : await openRedisBackend(redisUrl, options)
  const { name, queue, openWorker } = backend
  const { log } = options
  const outage = createOutage({ name, log, isBack: async () => (await check()).status === 'ok' })
  queue.on('error', outage.note)

  async function countJobs() {
    const { waiting = 0, prioritized = 0, active = 0 } = await queue.getJobCounts('waiting', 'prioritized', 'active')
    return { waiting: waiting + prioritized, active }
  }

  async function check(): ReturnType<RunQueue['check']> {
    const counts = await within(
      CHECK_MS,
      countJobs().catch(() => undefined),
    )
    return counts === undefined ? { status: 'down', detail: toDetail(name) } : { status: 'ok' }
  }

  return {
    async add({ runId, fence, priority }) {
      try {
        await queue.add(
          QUEUE_NAME,
          { runId },
          {
            jobId: `${runId}-${fence}`,
            priority: Math.min(Math.max(1, priority), LAST_PRIORITY),
            attempts: 1,
            removeOnComplete: true, // else the same job could not be added again
            removeOnFail: true,
          },
        )
      } catch (error) {
        outage.note(error)
        throw error
      }
    },
    work: (handler, work) => workJobs(handler, work, { openWorker, outage, log }),
    depth: countJobs,
    check,
    async close() {
      outage.stop()
      const closed = queue.close().then(
        () => true,
        () => true,
      )
      if (!(await within(CLOSE_MS, closed))) void queue.disconnect().catch(() => {})
      await backend.close()
    },
  }
}

function toDetail(name: string): string {
  return name === 'Redis'
    ? 'Redis does not answer: see that it runs, and that REDIS_URL is right'
    : 'the queue in Postgres does not answer: see that Postgres runs and takes connections'
}

const CHECK_MS = 2_000
const CLOSE_MS = 1_000
/** BullMQ's. */
const LAST_PRIORITY = 2 ** 21 - 1
