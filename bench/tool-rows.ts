import type { Child } from './child.ts'
import { mean, type Row, toMs } from './figures.ts'
import { runLoad } from './load.ts'

const QUESTIONS = 300

const QUESTION_COSTS = [
  { title: 'nonce of an address', call: 'transaction_count {"address":"0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"}' },
  { title: 'nonce of a name', call: 'transaction_count {"address":"vitalik.eth"}' },
  { title: 'price of three assets', call: 'price {"assets":["ETH","BTC","LINK"]}' },
  { title: 'portfolio of a name', call: 'portfolio {"address":"vitalik.eth"}' },
]

export type ToolBench = { stub: Child; node: Child; gateway: Child; mine(): Promise<void> }

/** One question after another, each at a block of its own; what model and node took for themselves is taken off. */
export async function toolRows({ stub, node, gateway, mine }: ToolBench): Promise<Row[]> {
  const ask = async (content: string) => {
    const [modelBefore, nodeBefore] = [await stub.report(), await node.report()]
    const body = { messages: [{ role: 'user', content }] }
    const load = { url: gateway.url, path: '/v1/chat/completions', body }
    const tookMs: number[] = []
    for (let asked = 0; asked < QUESTIONS; asked++) {
      await mine()
      tookMs.push(...(await runLoad(load, { requests: 1, concurrency: 1 })))
    }
    const [modelAfter, nodeAfter] = [await stub.report(), await node.report()]
    const per = (before: Counted, after: Counted, key: string) =>
      ((after.counters[key] ?? 0) - (before.counters[key] ?? 0)) / QUESTIONS
    return {
      // Not the median: what is taken off are sums, so both sides must hold the slow ones.
      ownMs: mean(tookMs) - per(modelBefore, modelAfter, 'busyMs') - per(nodeBefore, nodeAfter, 'busyMs'),
      rpcRequests: per(nodeBefore, nodeAfter, 'requests'),
    }
  }
  await ask('hello')
  const plain = await ask('hello')
  const rows: Row[] = []
  for (const { title, call } of QUESTION_COSTS) {
    await ask(`tool:${call}`)
    const { ownMs, rpcRequests } = await ask(`tool:${call}`)
    rows.push([`own time of a tool step: ${title}`, toMs(ownMs - plain.ownMs), 'without model and node'])
    rows.push([`RPC requests: ${title}`, rpcRequests.toFixed(1), 'HTTP requests per question, with the reorg check'])
  }
  return rows
}

type Counted = { counters: Record<string, number> }
