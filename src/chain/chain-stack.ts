import type { Dispatcher } from 'undici'
import { cacheReads, type ReadStore } from './cache.ts'
import { CHAINS, type ChainName } from './chain-list.ts'
import { checkChainId } from './check-chain-id.ts'
import { createFallback } from './fallback.ts'
import { createHttpRpc } from './http.ts'
import type { Rpc } from './rpc.ts'

/** What all runs share of one chain: `cache → fallback → http`. */
export type ChainStack = {
  /** Joins and remembers what does not change. */
  read: Rpc
  /** Asks the nodes. */
  ask: Rpc
}

export function createChainStack({
  chain,
  urls,
  store,
  dispatcher,
}: {
  chain: ChainName
  /** Nodes in order of preference; without any, the chain's public ones. */
  urls: readonly string[]
  store: ReadStore
  dispatcher: Dispatcher
}): ChainStack {
  const { id: chainId, rpcUrls } = CHAINS[chain]
  const isConfigured = urls.length > 0
  const nodes = (isConfigured ? urls : rpcUrls.default.http).map((url) =>
    checkChainId({ chainId }, createHttpRpc({ url, dispatcher })),
  )
  const hint = isConfigured ? `Check RPC_URL_${chainId}.` : `Set RPC_URL_${chainId} to one that does.`
  const ask = createFallback({ chain, nodes, hint })
  return { ask, read: cacheReads({ chainId, store }, ask) }
}
