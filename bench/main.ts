import { cpus } from 'node:os'
import { createControl } from '../devchain/control.ts'
import { startDevChain } from '../devchain/start.ts'
import { type Child, startChild } from './child.ts'
import { runLoad } from './load.ts'

const PLAIN_REQUESTS = 1_500
const WARM_UP_REQUESTS = 300
const CONCURRENCY = 16
const QUESTIONS = 300

const QUESTION_COSTS = [
  { title: 'nonce of an address', call: 'transaction_count {"address":"0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"}' },
  { title: 'nonce of a name', call: 'transaction_count {"address":"vitalik.eth"}' },
  { title: 'price of three assets', call: 'price {"assets":["ETH","BTC","LINK"]}' },
  { title: 'portfolio of a name', call: 'portfolio {"address":"vitalik.eth"}' },
]

/** Prints the figures of the README: ratios within this run, so that they mean the same on any machine. */
async function main(): Promise<void> {
  const chain = await startDevChain({ chainIds: [1] })
  const control = createControl({ url: chain.rpcUrls[1]?.[0] ?? '', chainId: 1 })
  const stop: (() => Promise<void>)[] = [() => chain.stop()]
  const start = async (script: string, env: Record<string, string>): Promise<Child> => {
    const child = await startChild(script, env)
    stop.push(child.stop)
    return child
  }
  try {
    const node = await start('bare-proxy.ts', { UPSTREAM: chain.rpcUrls[1]?.[0] ?? '' })
    const ollama = await start('stub-ollama.ts', {})
    const proxy = await start('bare-proxy.ts', { UPSTREAM: ollama.url })
    const gateway = await start('gateway.ts', {
      PORT: '0',
      OLLAMA_BASE_URL: ollama.url,
      OPERATOR_MODEL: 'ollama:stub',
      RPC_URL_1: node.url,
      CHAINS: 'ethereum',
    })
    const rows = [
      ...(await plainRows(proxy, gateway)),
      ...(await toolRows({ ollama, node, gateway, mine: () => control.mine() })),
      ['boot to listening', `${Math.round(gateway.bootMs)} ms`, ''],
    ]
    print(rows)
  } finally {
    for (const end of stop.reverse()) await end()
  }
}

/** CPU of one completion without tools, as a multiple of what the bare proxy spends on the same stub. */
async function plainRows(proxy: Child, gateway: Child): Promise<string[][]> {
  const messages = [{ role: 'user', content: 'hello' }]
  const rows: string[][] = []
  const bare = await cpuPerRequest(proxy, '/api/chat', { model: 'stub', messages, stream: true })
  for (const stream of [false, true]) {
    const ours = await cpuPerRequest(gateway, '/v1/chat/completions', { messages, stream })
    const title = `CPU per plain completion, ${stream ? 'SSE' : 'blocking'}`
    rows.push([title, `${ours.toFixed(2)} ms`, `${(ours / bare).toFixed(1)} × the bare proxy (${bare.toFixed(2)} ms)`])
  }
  return rows
}

async function cpuPerRequest(child: Child, path: string, body: object): Promise<number> {
  const load = { url: child.url, path, body, concurrency: CONCURRENCY }
  await runLoad({ ...load, requests: WARM_UP_REQUESTS })
  const before = await child.cpuMs()
  await runLoad({ ...load, requests: PLAIN_REQUESTS })
  return ((await child.cpuMs()) - before) / PLAIN_REQUESTS
}

type ToolBench = { ollama: Child; node: Child; gateway: Child; mine(): Promise<void> }

/** One question after another, each at a block of its own; what model and node took for themselves is taken off. */
async function toolRows({ ollama, node, gateway, mine }: ToolBench): Promise<string[][]> {
  const ask = async (content: string, requests: number) => {
    const [modelBefore, nodeBefore] = [await ollama.counters(), await node.counters()]
    const body = { messages: [{ role: 'user', content }] }
    const times: number[] = []
    for (let asked = 0; asked < requests; asked++) {
      await mine()
      times.push(
        ...(await runLoad({ url: gateway.url, path: '/v1/chat/completions', body, requests: 1, concurrency: 1 })),
      )
    }
    const [modelAfter, nodeAfter] = [await ollama.counters(), await node.counters()]
    const per = (before: Record<string, number>, after: Record<string, number>, key: string) =>
      ((after[key] ?? 0) - (before[key] ?? 0)) / requests
    return {
      ownMs: mean(times) - per(modelBefore, modelAfter, 'busyMs') - per(nodeBefore, nodeAfter, 'busyMs'),
      rpcRequests: per(nodeBefore, nodeAfter, 'requests'),
    }
  }
  await ask('hello', QUESTIONS)
  const plain = await ask('hello', QUESTIONS)
  const rows: string[][] = []
  for (const { title, call } of QUESTION_COSTS) {
    await ask(`tool:${call}`, QUESTIONS)
    const { ownMs, rpcRequests } = await ask(`tool:${call}`, QUESTIONS)
    rows.push([`own time of a tool step: ${title}`, `${(ownMs - plain.ownMs).toFixed(2)} ms`, 'without model and node'])
    rows.push([`RPC requests: ${title}`, rpcRequests.toFixed(1), 'HTTP requests per question, with the reorg check'])
  }
  return rows
}

/** Not the median: what is taken off are sums, so both sides must hold the slow ones. */
function mean(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0) / times.length
}

function print(rows: readonly string[][]): void {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.versions.node}`
  const lines = [
    `${new Date().toISOString().slice(0, 10)}, ${machine}`,
    '',
    '| figure | measured | beside |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

await main()
