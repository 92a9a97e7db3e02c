import { hasRedis, launchRedis } from '../test/support/redis-process.ts'
import { bareCommitsPerSec, bareJobs } from './bare-store.ts'
import type { Child } from './child.ts'
import { percentile, type Row, times, toMs } from './figures.ts'
import { runLoad } from './load.ts'
import { followRun, submitRun } from './run-client.ts'
import type { Store } from './store.ts'

/** With those of the warm-up just below what a gateway and a caller may have waiting, as shipped. */
const RUNS = 768
const WARM_UP_RUNS = 192
const COMMITS = 2_000
const CALLERS = 16
const CONCURRENCY = 32
const WARM_UP_ANSWERS = 50
const ANSWERS = 150

export type QueueBench = { store: Store; startGateway: (env: Record<string, string>) => Promise<Child> }

/** What it costs to take a run for good, and to have it answered by way of the queue. */
export async function queueRows(bench: QueueBench): Promise<Row[]> {
  const onPostgres = await queueRowsOf(bench, { name: 'Postgres' })
  if (!hasRedis())
    return [...onPostgres, ['runs with Redis as the queue', '', 'left out: redis-server is not installed']]
  const redis = await launchRedis()
  try {
    return [...onPostgres, ...(await queueRowsOf(bench, { name: 'Redis', redisUrl: redis.url }))]
  } finally {
    await redis.remove()
  }
}

async function queueRowsOf(
  { store, startGateway }: QueueBench,
  { name, redisUrl }: { name: string; redisUrl?: string },
): Promise<Row[]> {
  const databaseUrl = await store.newDatabase()
  const env = { DATABASE_URL: databaseUrl, ...(redisUrl && { REDIS_URL: redisUrl }) }
  const gateway = await startGateway({ ...env, ROLE: 'gateway' })
  const perSec = await acceptedPerSec(gateway)
  await gateway.stop()
  const barePerSec = await bareCommitsPerSec(await store.newDatabase(), { commits: COMMITS, concurrency: CONCURRENCY })

  // Those that were only taken stay behind.
  const whole = await startGateway({ ...env, DATABASE_URL: await store.newDatabase(), ROLE: 'all' })
  await answers(whole, WARM_UP_ANSWERS)
  const tookMs = await answers(whole, ANSWERS)
  await whole.stop()
  const bareMs = await bareJobs(redisUrl ? { redisUrl } : { databaseUrl: await store.newDatabase() }, ANSWERS)
  return [
    [
      `runs taken in the background, queue in ${name}`,
      `${Math.round(perSec)}/s`,
      `${times(perSec / barePerSec)} bare commits of a row (${Math.round(barePerSec)}/s)`,
    ],
    ...[0.5, 0.99].map((share): Row => {
      const [ours, bare] = [percentile(tookMs, share), percentile(bareMs, share)]
      return [
        `from taken to answered, queue in ${name}, p${share * 100}`,
        toMs(ours),
        `${times(ours / bare)} BullMQ's own add to done (${toMs(bare)})`,
      ]
    }),
  ]
}

async function acceptedPerSec({ url }: Child): Promise<number> {
  const body = { model: 'conductor', background: true, messages: [{ role: 'user', content: 'hello' }] }
  const asks = Array.from({ length: CALLERS }, (_, i) => ({
    ...{ url, path: '/v1/chat/completions', body, status: 202 },
    headers: { authorization: `Bearer bench-${i}` },
  }))
  const take = (runs: number) =>
    Promise.all(asks.map((ask) => runLoad(ask, { requests: runs / CALLERS, concurrency: CONCURRENCY / CALLERS })))
  await take(WARM_UP_RUNS)
  const startedAt = performance.now()
  await take(RUNS)
  return (RUNS * 1_000) / (performance.now() - startedAt)
}

/** One after the other: from the 202 to the news of the end. */
async function answers(gateway: Child, count: number): Promise<number[]> {
  const tookMs: number[] = []
  for (let asked = 0; asked < count; asked++) {
    const id = await submitRun(gateway, 'hello')
    const takenAt = performance.now()
    await followRun(gateway, id, ({ type }) => type === 'run.completed')
    tookMs.push(performance.now() - takenAt)
  }
  return tookMs
}
