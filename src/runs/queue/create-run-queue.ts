import type { Logger } from 'pino'
import { within } from '../../within.ts'
import type { RunQueue } from '../run-queue.ts'
import { type BackendOptions, QUEUE_NAME } from './backend.ts'
import { createOutage } from './outage.ts'
import { openPostgresBackend } from './postgres-backend.ts'
import { openRedisBackend } from './redis-backend.ts'
import { shut } from './shut.ts'
import { workJobs } from './work-jobs.ts'

export type RunQueueOptions = BackendOptions & {
  /** Postgres, where there is no Redis. Like `redisUrl` it may hold a password. */
  databaseUrl: string
  redisUrl?: string | undefined
  log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
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
    async add({ runId, fence, priority, isAgain }) {
      const jobId = `${runId}-${fence}`
      const options = {
        priority: Math.min(Math.max(1, priority), LAST_PRIORITY),
        attempts: 1,
        removeOnComplete: true, // else the same job could not be added again
        removeOnFail: true,
      }
      try {
        await queue.add(QUEUE_NAME, { runId }, { ...options, jobId })
        // Whoever took it has not taken the run. In Postgres it stays theirs by their own clock, which may be wrong by hours.
        if (isAgain && (await queue.getJobState(jobId)) === 'active') {
          await queue.add(QUEUE_NAME, { runId }, { ...options, jobId: `${jobId}-${crypto.randomUUID()}` })
        }
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
      await shut(queue)
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
/** BullMQ's. */
const LAST_PRIORITY = 2 ** 21 - 1
