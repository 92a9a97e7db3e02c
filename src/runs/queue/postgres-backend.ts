import { QuietClient } from '../../db/quiet-client.ts'
import {
  type BackendOptions,
  QUEUE_NAME,
  QUEUE_OPTIONS,
  type QueueBackend,
  steady,
  toWorkerOptions,
} from './backend.ts'
import { keepListenerQuiet } from './keep-listener-quiet.ts'
import { outwait } from './outwait.ts'
import { QueueSetupError } from './queue-setup-error.ts'

/** Apart from our tables: BullMQ makes and migrates its own. */
const SCHEMA = 'groundwire_queue'

/** @throws {@link QueueSetupError} */
export async function openPostgresBackend(
  databaseUrl: string,
  { log, leaseMs, waitMs }: BackendOptions,
): Promise<QueueBackend> {
  const { createPostgresBackend, Queue, Worker } = await import('bullmq')
  const connection = { ...toPoolOptions(databaseUrl), schema: SCHEMA }

  async function openQueue() {
    const queue = new Queue(
      QUEUE_NAME,
      { ...QUEUE_OPTIONS, connection: { ...connection, max: QUEUE_CONNECTIONS, migrate: true } },
      createPostgresBackend,
    )
    queue.on('error', () => {}) // who uses the queue listens as well; what is wrong now is thrown below
    try {
      await queue.waitUntilReady()
      return queue
    } catch (error) {
      await queue.close() // a queue that has not reached its store once never tries again
      throw toSetupError(error)
    }
  }

  return {
    name: 'Postgres',
    queue: await outwait(openQueue, { what: "The queue's Postgres", isAway, log, waitMs }),
    openWorker(process, { concurrency, isStopping }) {
      const openSteady: typeof createPostgresBackend = (...args) => {
        const backend = createPostgresBackend(...args)
        keepListenerQuiet(backend.connection)
        return steady(backend, isStopping)
      }
      return new Worker(
        QUEUE_NAME,
        ({ data }) => process(data),
        { ...toWorkerOptions(leaseMs), concurrency, connection: { ...connection, max: WORKER_CONNECTIONS } },
        openSteady,
      )
    },
    close: async () => {},
  }
}

const QUEUE_CONNECTIONS = 3
/** A crash of the server may cost the last half second of jobs, which the store then names again; runs are not touched. */
const JOBS_MAY_BE_LOST = '-c synchronous_commit=off'
const WORKER_CONNECTIONS = 4

/** `options` of the address would take the place of those given here, to which BullMQ adds its schema. */
function toPoolOptions(databaseUrl: string) {
  const url = URL.parse(databaseUrl)
  const options = url?.searchParams.get('options')
  if (url !== null) url.searchParams.delete('options')
  return {
    Client: QuietClient, // BullMQ listens to its pools alone
    connectionString: options == null || url === null ? databaseUrl : url.href,
    options: [options, JOBS_MAY_BE_LOST].filter((part) => part != null).join(' '),
    application_name: 'groundwire-queue',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
    idleTimeoutMillis: 60_000,
  }
}

/** https://www.postgresql.org/docs/18/errcodes-appendix.html; without a code it never came to an answer. */
function isAway(error: unknown): boolean {
  if (error instanceof QueueSetupError) return false
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|53|57)/.test(code)
}

function toSetupError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if ('code' in error && error.code === '42501') {
    return new QueueSetupError(
      `The queue needs a schema of its own in Postgres: GRANT CREATE ON DATABASE to the user of DATABASE_URL, or set REDIS_URL.`,
      { cause: error },
    )
  }
  if (['UnsupportedPostgresVersionError', 'SchemaVersionMismatchError'].includes(error.name)) {
    return new QueueSetupError(error.message, { cause: error })
  }
  return error
}
