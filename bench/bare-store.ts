import { createPostgresBackend, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'

/** Of the gateway's pool. */
const CONNECTIONS = 16
const JOB = 'bench'

/** The least that taking a run can cost: one row of about its size, committed, `concurrency` at once. */
export async function bareCommitsPerSec(
  databaseUrl: string,
  { commits, concurrency }: { commits: number; concurrency: number },
): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS })
  await pool.query('create table bare (id text primary key, body json not null)')
  const body = JSON.stringify({ text: 'x'.repeat(600) })
  const insert = async (count: number) => {
    let left = count
    const worker = async () => {
      while (left-- > 0) await pool.query('insert into bare values ($1, $2)', [crypto.randomUUID(), body])
    }
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: concurrency }, worker))
    return (count * 1_000) / (performance.now() - startedAt)
  }
  await insert(commits / 4)
  const perSec = await insert(commits)
  await pool.end()
  return perSec
}

/** The least that a queue can cost: BullMQ's own time from adding a job to its being done, one after the other. */
export async function bareJobs(at: { databaseUrl: string } | { redisUrl: string }, jobs: number): Promise<number[]> {
  const onPostgres = 'databaseUrl' in at
  const connection = onPostgres
    ? { connectionString: at.databaseUrl, migrate: true }
    : new Redis(at.redisUrl, { maxRetriesPerRequest: null })
  const backend = onPostgres ? createPostgresBackend : undefined
  const queue = new Queue(JOB, { connection } as never, backend as never)
  await queue.waitUntilReady()
  const worker = new Worker(JOB, async () => {}, { connection } as never, backend as never)
  await worker.waitUntilReady()
  const tookMs: number[] = []
  for (let added = 0; added < jobs; added++) {
    const startedAt = performance.now()
    const { promise: isDone, resolve } = Promise.withResolvers<void>()
    worker.once('completed', () => resolve())
    await queue.add(JOB, {}, { removeOnComplete: true })
    await isDone
    tookMs.push(performance.now() - startedAt)
  }
  await worker.close()
  await queue.close()
  if (connection instanceof Redis) connection.disconnect()
  return tookMs
}
