import type { Child } from './child.ts'
import { mean, type Row, toMs } from './figures.ts'
import { runLoad } from './load.ts'

const STREAMS = 200
/** One caller alone may not have so many. */
const CALLERS = 4
/** Of the stub's slow answer: 10 a second. */
const WORDS = 120

/** Many long answers at once: what they do to the event loop and to memory. */
export async function streamRows(gateway: Child): Promise<Row[]> {
  const body = { model: 'operator', messages: [{ role: 'user', content: `slow:${WORDS}` }], stream: true }
  const ask = { url: gateway.url, path: '/v1/chat/completions', body }
  const before = await gateway.report()
  const load = { requests: STREAMS / CALLERS, concurrency: STREAMS / CALLERS }
  const loads = Array.from({ length: CALLERS }, (_, i) =>
    runLoad({ ...ask, headers: { authorization: `Bearer bench-${i}` } }, load),
  )
  const held = Promise.all(loads).then((times) => times.flat())
  // Memory is read while all of them are open.
  const [, during] = await Promise.all([
    held,
    new Promise<void>((resolve) => setTimeout(resolve, (WORDS / 2) * 100)).then(() => gateway.report()),
  ])
  const after = await gateway.report()
  const loopMs = Math.max(during.loopDelayP99Ms, after.loopDelayP99Ms)
  const seconds = mean(await held) / 1_000
  const cpu = ((after.cpuMs - before.cpuMs) / 1_000 / seconds) * 100
  const title = `${STREAMS} SSE streams of 10 tokens/s`
  return [
    [`${title}: loop delay p99`, toMs(loopMs), `${cpu.toFixed(0)} % of a core`],
    [`${title}: memory (RSS)`, `${Math.round(during.rssMb)} MB`, `${Math.round(before.rssMb)} MB before`],
  ]
}
