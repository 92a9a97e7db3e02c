import { cpus } from 'node:os'
import { createControl } from '../devchain/control.ts'
import { startDevChain } from '../devchain/start.ts'
import { type Child, startChild } from './child.ts'
import type { Row } from './figures.ts'
import { installPeer } from './install-peer.ts'
import { latencyRows } from './latency-rows.ts'
import { plainRows } from './plain-rows.ts'
import { streamRows } from './stream-rows.ts'
import { toolRows } from './tool-rows.ts'

/** Prints the figures of the README: ratios within this run, so that they mean the same on any machine. */
async function main(): Promise<void> {
  const peerName = await installPeer()
  const chain = await startDevChain({ chainIds: [1] })
  const control = createControl({ url: chain.rpcUrls[1]?.[0] ?? '', chainId: 1 })
  const stop: (() => Promise<void>)[] = [() => chain.stop()]
  const start = async (script: string, env: Record<string, string> = {}): Promise<Child> => {
    const child = await startChild(script, env)
    stop.push(child.stop)
    return child
  }
  try {
    const node = await start('bare-proxy.ts', { UPSTREAM: chain.rpcUrls[1]?.[0] ?? '' })
    const stub = await start('stub-model.ts')
    const proxy = await start('bare-proxy.ts', { UPSTREAM: stub.url })
    const startGateway = (env: Record<string, string>) =>
      start('gateway.ts', { PORT: '0', RPC_URL_1: node.url, CHAINS: 'ethereum', ...env })
    const gateway = await startGateway({ OLLAMA_BASE_URL: stub.url, OPERATOR_MODEL: 'ollama:stub' })
    const openaiGateway = await startGateway({
      OPENAI_BASE_URL: `${stub.url}/v1`,
      OPENAI_API_KEY: 'bench',
      OPERATOR_MODEL: 'openai:stub',
    })
    const peer = peerName === undefined ? undefined : { child: await start('peer.ts'), name: peerName }
    print([
      ...(await plainRows({ stub, proxy, ollamaGateway: gateway, openaiGateway, peer })),
      ...(await latencyRows({ proxy, gateway })),
      ...(await streamRows(gateway)),
      ...(await toolRows({ stub, node, gateway, mine: () => control.mine() })),
      ['boot to listening', `${Math.round(gateway.bootMs)} ms`, ''],
    ])
  } finally {
    for (const end of stop.reverse()) await end()
  }
}

function print(rows: readonly Row[]): void {
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
