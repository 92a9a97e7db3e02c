import { type Chain, createPublicClient, custom, type PublicClient, type Transport } from 'viem'
import { CHAINS, type ChainName } from './chain-list.ts'
import type { Rpc } from './rpc.ts'

/**
 * A viem client over one of our stacks. Nothing is retried, remembered or fetched here: the stack below does all that, and
 * CCIP-Read is off.
 */
export function createRpcClient(chain: ChainName, rpc: Rpc): PublicClient<Transport, Chain> {
  const request = (
    { method, params = [] }: { method: string; params?: readonly unknown[] },
    options?: { signal?: AbortSignal },
  ) => rpc({ method, params, signal: options?.signal })
  return createPublicClient({
    chain: CHAINS[chain] as Chain,
    transport: custom({ request }, { retryCount: 0 }),
    cacheTime: 0,
    ccipRead: false,
  })
}
