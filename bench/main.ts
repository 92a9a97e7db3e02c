import { cpus } from 'node:os'
import { createControl } from '../devchain/control.ts'
import { startDevChain } from '../devchain/start.ts'
import { bootRows } from './boot-rows.ts'
import { type Child, startChild } from './child.ts'
import type { Row } from './figures.ts'
import { installPeer } from './install-peer.ts'
import { latencyRows } from './latency-rows.ts'
import { moneyRows } from './money-rows.ts'
import { parallelRows } from './parallel-rows.ts'
import { plainRows } from './plain-rows.ts'
import { queueRows } from './queue-rows.ts'
import { recoveryRows } from './recovery-rows.ts'
import { startStore } from './store.ts'
import { streamRows } from './stream-rows.ts'
import { toolRows } from './tool-rows.ts'
import { waitingRows } from './waiting-rows.ts'

/**
 * Prints the figures of the README: ratios within this run, so that they mean the same on any machine. With arguments only
 * those groups, as `npm run bench -- queue boot`.
 */
async function main(): Promise<void> {
  const groups = new Set(process.argv.slice(2))
  const isAsked = (group: string) => groups.size === 0 || groups.has(group)
  const peerName = isAsked('plain') ? await installPeer() : undefined
  const chain = await startDevChain({ chainIds: [1] })
  const control = createControl({ url: chain.rpcUrls[1]?.[0] ?? '', chainId: 1 })
  const stop: (() => Promise<void>)[] = [() => chain.stop()]
  const start = async (script: string, env: Record<string, string> = {}): Promise<Child> => {
    const child = await startChild(script, env)
    stop.push(child.stop)
    return child
  }
  try {
    const store = await startStore()
    stop.push(store.stop)
    const node = await start('bare-proxy.ts', { UPSTREAM: chain.rpcUrls[1]?.[0] ?? '' })
    const stub = await start('stub-model.ts')
    const startGateway = (env: Record<string, string>) =>
      start('gateway.ts', { PORT: '0', RPC_URL_1: node.url, CHAINS: 'ethereum', ...env })
    const fromOllama = { OLLAMA_BASE_URL: stub.url, OPERATOR_MODEL: 'ollama:stub', CONDUCTOR_MODEL: 'ollama:stub' }
    const startQueued = (env: Record<string, string>) => startGateway({ ...fromOllama, ...env })
    const rows: Row[] = []
    const add = async (group: string, measure: () => Promise<readonly Row[]>) => {
      if (isAsked(group)) rows.push(...(await measure()))
    }

    const proxy = await start('bare-proxy.ts', { UPSTREAM: stub.url })
    const gateway = await startGateway({ ...fromOllama, DATABASE_URL: await store.newDatabase() })
    await add('plain', async () => {
      const openaiGateway = await startGateway({
        OPENAI_BASE_URL: `${stub.url}/v1`,
        OPENAI_API_KEY: 'bench',
        OPERATOR_MODEL: 'openai:stub',
        DATABASE_URL: await store.newDatabase(),
      })
      const peer = peerName === undefined ? undefined : { child: await start('peer.ts'), name: peerName }
      return plainRows({ stub, proxy, ollamaGateway: gateway, openaiGateway, peer })
    })
    await add('latency', () => latencyRows({ proxy, gateway }))
    await add('streams', () => streamRows(gateway))
    await add('tools', () => toolRows({ stub, node, gateway, mine: () => control.mine() }))
    await add('parallel', () => parallelRows(gateway))
    await add('money', () => moneyRows({ store, freeGateway: gateway, proxy, startGateway: startQueued }))
    await gateway.stop()
    await add('queue', () => queueRows({ store, startGateway: startQueued }))
    await add('waiting', () => waitingRows({ store, startGateway: startQueued }))
    await add('recovery', () => recoveryRows({ store, startGateway: startQueued }))
    await add('boot', () => bootRows({ store, rpcUrl: node.url }))
    print(rows)
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
