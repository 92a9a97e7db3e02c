import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'
import { type Row, toMs } from './figures.ts'
import type { QueueBench } from './queue-rows.ts'

const CALLERS = 500
/** A caller may have 100 runs that have not ended. */
const WALLETS = 10
const SETTLE_MS = 3_000
const WATCH_MS = 8_000

/** Many who wait for runs that nobody begins: half for a whole answer, half at a stream with its signs of life. */
export async function waitingRows({ store, startGateway }: QueueBench): Promise<Row[]> {
  const gateway = await startGateway({ DATABASE_URL: await store.newDatabase(), ROLE: 'gateway' })
  await sleep(SETTLE_MS)
  const before = await gateway.report()
  const hangUp = await wait(gateway)
  const begun = await gateway.report()
  await sleep(WATCH_MS)
  const during = await gateway.report()
  if (hangUp() !== CALLERS) throw new Error('Not all callers were still waiting.')
  await sleep(SETTLE_MS)
  const after = await gateway.report()
  await gateway.stop()
  const cpu = ((during.cpuMs - begun.cpuMs) / WATCH_MS) * 100
  const title = `${CALLERS} callers who wait for queued runs`
  const toMb = (mb: number) => `${Math.round(mb)} MB`
  return [
    [`${title}: memory (RSS)`, toMb(during.rssMb), `${toMb(before.rssMb)} before, ${toMb(after.rssMb)} after`],
    [`${title}: loop delay p99`, toMs(during.loopDelayP99Ms), `${cpu.toFixed(0)} % of a core`],
  ]
}

/** Resolves when all streams have their heads, by which all runs are taken. Returns how callers leave, which tells how many did. */
async function wait({ url }: Child): Promise<() => number> {
  const agent = new Agent({ keepAlive: true })
  const streams: Promise<void>[] = []
  let waiting = CALLERS
  for (let i = 0; i < CALLERS; i++) {
    const stream = i % 2 === 0
    const call = request(`${url}/v1/chat/completions`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer bench-${i % WALLETS}` },
    })
    call.on('error', () => {}) // they are broken off
    const isOpen = new Promise<void>((resolve) => {
      call.on('response', (answer) => {
        answer.on('error', () => {})
        answer.on('end', () => waiting--)
        answer.resume()
        resolve()
      })
    })
    if (stream) streams.push(isOpen)
    call.end(JSON.stringify({ model: 'conductor', stream, messages: [{ role: 'user', content: 'hello' }] }))
  }
  await Promise.all(streams)
  return () => {
    const left = waiting
    agent.destroy()
    return left
  }
}
