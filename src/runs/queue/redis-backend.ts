import type { Cluster, Redis } from 'ioredis'
import { within } from '../../within.ts'
import {
  type BackendOptions,
  type JobQueue,
  QUEUE_NAME,
  QUEUE_OPTIONS,
  type QueueBackend,
  steady,
  toWorkerOptions,
} from './backend.ts'
import { outwait } from './outwait.ts'
import { QueueSetupError } from './queue-setup-error.ts'
import { judgeRedis, type RedisFacts, readRedisFacts } from './redis-facts.ts'

/** In braces, so that a cluster keeps all keys in one slot: BullMQ's scripts touch several at once. */
const PREFIX = '{groundwire}'

/** @throws {@link QueueSetupError} */
export async function openRedisBackend(
  redisUrl: string,
  { log, leaseMs, waitMs }: BackendOptions,
): Promise<QueueBackend> {
  const { createRedisBackend, Queue, Worker } = await import('bullmq')
  const facts = await outwait(() => meetRedis(redisUrl), { what: 'Redis at REDIS_URL', isAway, log, waitMs })
  const { faults, warnings } = judgeRedis(facts)
  if (faults.length > 0) throw new QueueSetupError(faults.join('\n'))
  for (const warning of warnings) log.warn(warning)

  const adding = await openClient(redisUrl, facts.isCluster, {
    enableOfflineQueue: false, // a job that cannot be added now is added again from the store
    maxRetriesPerRequest: 1,
    commandTimeout: 5_000,
  })
  const working = await openClient(redisUrl, facts.isCluster, { enableOfflineQueue: true, maxRetriesPerRequest: null })
  const queue = new Queue(QUEUE_NAME, { ...QUEUE_OPTIONS, connection: adding, prefix: PREFIX })
  if (!(await isReady(queue, waitMs))) {
    adding.disconnect()
    working.disconnect()
    throw new QueueSetupError(
      facts.isCluster
        ? 'Redis at REDIS_URL is a cluster whose nodes do not answer at the addresses it names.'
        : 'Redis at REDIS_URL has stopped to answer. Is it running?',
    )
  }
  return {
    name: 'Redis',
    queue,
    openWorker: (process, { concurrency, isStopping }) =>
      new Worker(
        QUEUE_NAME,
        ({ data }) => process(data),
        { ...toWorkerOptions(leaseMs), concurrency, connection: working, prefix: PREFIX },
        (...args) => steady(createRedisBackend(...args), isStopping),
      ),
    async close() {
      adding.disconnect()
      working.disconnect()
    },
  }
}

async function isReady(queue: JobQueue, waitMs = READY_MS): Promise<boolean> {
  queue.on('error', () => {}) // who uses the queue listens as well
  const ready = queue.waitUntilReady().then(
    () => true,
    () => false,
  )
  return (await within(waitMs, ready)) ?? false
}

const READY_MS = 10_000

async function meetRedis(redisUrl: string): Promise<RedisFacts> {
  const { Redis } = await import('ioredis')
  const client = new Redis(redisUrl, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
    maxRetriesPerRequest: 0,
  })
  let reason: unknown
  client.on('error', (error: unknown) => {
    reason = error // tells more than what `connect` rejects with
  })
  try {
    await client.connect()
    return await readRedisFacts(client)
  } catch (error) {
    const cause = reason ?? error
    if (isRefusal(error) || isRefusal(cause)) {
      throw new QueueSetupError(
        'Redis refuses the user or the password of REDIS_URL, or does not let that user do what a queue must.',
        { cause },
      )
    }
    throw cause
  } finally {
    client.disconnect()
  }
}

type Options = { enableOfflineQueue: boolean; maxRetriesPerRequest: number | null; commandTimeout?: number }

async function openClient(redisUrl: string, isCluster: boolean, options: Options): Promise<Redis | Cluster> {
  const { Cluster, Redis } = await import('ioredis')
  const shared = { ...options, connectTimeout: 5_000, keepAlive: 10_000, retryStrategy: toRetryMs }
  const client = isCluster ? new Cluster([redisUrl], toClusterOptions(redisUrl, shared)) : new Redis(redisUrl, shared)
  client.on('error', () => {}) // whoever uses it hears of it too
  return client
}

/** The address names one node; the others are found there, and want the same credentials. */
function toClusterOptions(redisUrl: string, options: Options) {
  const { username, password, protocol } = new URL(redisUrl)
  return {
    enableOfflineQueue: options.enableOfflineQueue,
    clusterRetryStrategy: toRetryMs,
    redisOptions: {
      ...options,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
  }
}

const toRetryMs = (times: number) => Math.min(200 * times, 2_000)

const isAway = (error: unknown) => !(error instanceof QueueSetupError)

function isRefusal(error: unknown): boolean {
  return error instanceof Error && /^(NOAUTH|WRONGPASS|NOPERM|ERR AUTH|ERR invalid password)/.test(error.message)
}
