import { resolve } from 'node:path'
import type { ChainName } from '../src/chain/chain-list.ts'
import type { Anvil } from './anvil.ts'
import { findAnvil } from './anvil-binary.ts'
import { DEV_CHAIN_NAMES, DEV_CHAINS, type DevChainId, type DevClient, devClient } from './dev-client.ts'
import { loadMeta } from './meta.ts'
import { sweepOrphans } from './orphans.ts'
import { replayHistory } from './replay.ts'
import { refreshFeeds } from './rounds.ts'
import { startNode } from './start-node.ts'

export type DevChain = {
  chains: readonly RunningChain[]
  /** By chain id, as `Config.rpcUrls` has them. */
  rpcUrls: Record<number, string[]>
  /** Ends every node, and resolves when all are gone. May be called again. */
  stop(): Promise<void>
}

export type RunningChain = {
  chainId: DevChainId
  name: ChainName
  url: string
  /** The tip when the history had been replayed. */
  blockNumber: bigint
  pid: number
}

export type DevChainOptions = {
  /** Default: all three. */
  chainIds?: readonly DevChainId[] | undefined
  /** Keeps the records by which a later start finds nodes that a crash left behind. Default `.groundwire`. */
  dataDir?: string | undefined
  /**
   * Mines a block every so many seconds, and refreshes prices while it runs. By default a block is mined for each
   * transaction, and the chain stands still otherwise.
   */
  blockTimeSec?: number | undefined
  /** Ends the start, and later the chain. */
  signal?: AbortSignal | undefined
  /** A binary to run instead of the one from npm or PATH. */
  anvilPath?: string | undefined
}

const FEED_REFRESH_MS = 15 * 60 * 1000

/**
 * Starts one node a chain with the committed genesis and a past of 200 blocks that ends now.
 * @throws Error with one line for the terminal when there is no anvil to run.
 */
export async function startDevChain(options: DevChainOptions = {}): Promise<DevChain> {
  const { chainIds = DEV_CHAINS.map(({ id }) => id), dataDir = '.groundwire', signal } = options
  const binary = findAnvil({ anvilPath: options.anvilPath })
  const records = resolve(dataDir, 'devchain')
  await sweepOrphans(records)
  const nodes: Anvil[] = []
  const timers: NodeJS.Timeout[] = []
  const stop = async () => {
    for (const timer of timers) clearInterval(timer)
    await Promise.all(nodes.map((node) => node.stop()))
  }
  const start = async (chainId: DevChainId): Promise<RunningChain> => {
    const meta = await loadMeta(chainId)
    const node = await startNode(meta, { binary, records, ...options })
    nodes.push(node)
    const client = devClient(node.url, chainId)
    await replayHistory(client, meta)
    await setClock(client)
    if (options.blockTimeSec === undefined) {
      await client.setAutomine(true)
    } else {
      await client.setIntervalMining({ interval: options.blockTimeSec })
      timers.push(setInterval(() => void refreshFeeds(client, meta).catch(() => {}), FEED_REFRESH_MS).unref())
    }
    return {
      chainId,
      name: DEV_CHAIN_NAMES[chainId],
      url: node.url,
      pid: node.pid,
      blockNumber: await client.getBlockNumber(),
    }
  }
  try {
    const started = await Promise.allSettled(chainIds.map(start))
    const chains = started.map((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    signal?.throwIfAborted()
    signal?.addEventListener('abort', () => void stop(), { once: true })
    return { chains, rpcUrls: Object.fromEntries(chains.map(({ chainId, url }) => [chainId, [url]])), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** With `--timestamp` the node's clock stands still until it is set. */
async function setClock(client: DevClient): Promise<void> {
  await client.request({ method: 'evm_setTime', params: [Date.now()] })
}
