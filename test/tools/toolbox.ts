import { join } from 'node:path'
import type { DevChainId } from '../../devchain/dev-client.ts'
import { startDevChain } from '../../devchain/start.ts'
import type { ChainName } from '../../src/chain/chain-list.ts'
import { CHAINS } from '../../src/chain/chain-list.ts'
import { createChains } from '../../src/chain/chains.ts'
import { loadTools } from '../../src/tools/load-tools.ts'
import type { ToolResult } from '../../src/tools/tool.ts'
import { createToolSet, type ToolSet } from '../../src/tools/tool-set.ts'
import { type RpcNode, scriptedRpcNode } from '../support/rpc-node.ts'

const TOOLS_DIR = join(import.meta.dirname, '../../tools')

/** A caller with the shipped tools. Each ask is a run of its own, so it sees the newest block. */
type Toolbox = {
  ask(name: string, args: object): Promise<ToolResult>
  /** The output of a call that must succeed. */
  get<T = Record<string, unknown>>(name: string, args: object): Promise<T & { summary: string }>
  /** The reason of a call that must fail. */
  fail(name: string, args: object): Promise<string>
  close(): Promise<void>
}

export async function openToolbox(rpcUrls: Record<number, readonly string[]>): Promise<Toolbox> {
  const enabled = (Object.keys(CHAINS) as ChainName[]).filter((name) => CHAINS[name].id in rpcUrls)
  const chains = createChains({ chains: enabled, rpcUrls })
  const tools: ToolSet = createToolSet(await loadTools(TOOLS_DIR))
  const ask = (name: string, args: object) => {
    const { signal } = new AbortController()
    const call = { id: 'call_1', name, argumentsText: JSON.stringify(args) }
    return tools.run(call, chains.openSession().scope, signal)
  }
  return {
    ask,
    async get<T>(name: string, args: object) {
      const result = await ask(name, args)
      if (!result.ok) throw new Error(`${name} ${JSON.stringify(args)}: ${result.reason}`)
      return { ...(result.output as T), summary: result.summary }
    },
    async fail(name, args) {
      const result = await ask(name, args)
      if (result.ok) throw new Error(`${name} ${JSON.stringify(args)} answered: ${result.summary}`)
      return result.reason
    },
    close: () => chains.close(),
  }
}

export type DevToolbox = Toolbox & {
  /** The nodes themselves, by chain id. */
  urls: Readonly<Record<number, string>>
  /** How many HTTP requests the nodes had to answer while `work` ran, past those that check a node's chain id. */
  countPosts(work: () => Promise<unknown>): Promise<number>
}

/** The shipped tools on development chains, through a node that counts. */
export async function openDevToolbox(chainIds: readonly DevChainId[]): Promise<DevToolbox> {
  const dev = await startDevChain({ chainIds })
  const nodes: [number, RpcNode][] = await Promise.all(
    dev.chains.map(
      async ({ chainId, url }): Promise<[number, RpcNode]> => [
        chainId,
        await scriptedRpcNode({ chainId, forwardTo: url }),
      ],
    ),
  )
  const toolbox = await openToolbox(Object.fromEntries(nodes.map(([chainId, { url }]) => [chainId, [url]])))
  const posts = () =>
    nodes.flatMap(([, node]) => node.posts).filter((methods) => methods.some((method) => method !== 'eth_chainId'))
      .length
  return {
    ...toolbox,
    urls: Object.fromEntries(dev.chains.map(({ chainId, url }) => [chainId, url])),
    async countPosts(work) {
      const before = posts()
      await work()
      return posts() - before
    },
    async close() {
      await toolbox.close()
      await Promise.all(nodes.map(([, node]) => node.close()))
      await dev.stop()
    },
  }
}
