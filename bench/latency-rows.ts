import type { Child } from './child.ts'
import { percentile, type Row, toMs } from './figures.ts'
import { type Ask, runPaced } from './load.ts'

const PER_SEC = 100
const WARM_UP_REQUESTS = 200
const REQUESTS = 800

/** How much later a whole answer is there than through the bare proxy, at a steady rate. */
export async function latencyRows({ proxy, gateway }: { proxy: Child; gateway: Child }): Promise<Row[]> {
  const body = { model: 'operator', messages: [{ role: 'user', content: 'hello' }] }
  const bare = await latencies({ url: proxy.url, path: '/api/chat', body: { ...body, stream: true } })
  const ours = await latencies({ url: gateway.url, path: '/v1/chat/completions', body })
  return [0.5, 0.99].map((share) => {
    const [bareMs, oursMs] = [percentile(bare, share), percentile(ours, share)]
    const title = `added latency at ${PER_SEC} requests/s, p${share * 100}`
    return [title, toMs(oursMs - bareMs), `${toMs(oursMs)} and ${toMs(bareMs)} through the bare proxy`]
  })
}

async function latencies(ask: Ask): Promise<number[]> {
  await runPaced(ask, { perSec: PER_SEC, requests: WARM_UP_REQUESTS })
  return runPaced(ask, { perSec: PER_SEC, requests: REQUESTS })
}
