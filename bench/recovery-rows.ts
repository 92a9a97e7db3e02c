import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'
import { percentile, type Row } from './figures.ts'
import type { QueueBench } from './queue-rows.ts'
import { followRun, submitRun } from './run-client.ts'

const KILLS = 5
/** No whole number of renewals, so that each dies at another point of its lease. */
const APART_MS = 700
/** Of the stub's slow answer, 10 a second: longer than the whole. */
const WORDS = 600

/** How long a run stands still whose worker is killed with -9, with the settings as shipped. */
export async function recoveryRows({ store, startGateway }: QueueBench): Promise<Row[]> {
  const env = { DATABASE_URL: await store.newDatabase() }
  const gateway = await startGateway({ ...env, ROLE: 'gateway' })
  const dying: { worker: Child; id: string }[] = []
  for (let begun = 0; begun < KILLS; begun++) {
    // Those before it have all they take, so this one gets it.
    const worker = await startGateway({ ...env, ROLE: 'worker', WORKER_CONCURRENCY: '1' })
    const id = await submitRun(gateway, `slow:${WORDS}`)
    await followRun(gateway, id, ({ type }) => type === 'run.started')
    dying.push({ worker, id })
  }
  const survivor = await startGateway({ ...env, ROLE: 'worker' })
  const tookMs = await Promise.all(
    dying.map(async ({ worker, id }, i) => {
      await sleep(i * APART_MS)
      await worker.stop()
      const killedAt = performance.now()
      await followRun(gateway, id, ({ type, attempt = 0 }) => type === 'run.started' && attempt > 1)
      return performance.now() - killedAt
    }),
  )
  await Promise.all([gateway.stop(), survivor.stop()])
  const toSec = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  const beside = `median ${toSec(percentile(tookMs, 0.5))}; until another worker has the run`
  return [[`kill -9 of a worker, slowest of ${KILLS}`, toSec(Math.max(...tookMs)), beside]]
}
