import {
  createTestClient,
  type Hash,
  http,
  publicActions,
  type RpcTransactionRequest,
  rpcSchema,
  walletActions,
} from 'viem'
import { arbitrum, base, mainnet } from 'viem/chains'
import type { ChainName } from '../src/chain/chain-list.ts'

export const DEV_CHAINS = [mainnet, base, arbitrum] as const

export type DevChainId = (typeof DEV_CHAINS)[number]['id']

export const DEV_CHAIN_NAMES = { 1: 'ethereum', 8453: 'base', 42161: 'arbitrum' } as const satisfies Record<
  DevChainId,
  ChainName
>

/** Methods of the node that viem's test client does not speak. */
type NodeMethods = [
  { Method: 'eth_sendTransaction'; Parameters: [RpcTransactionRequest]; ReturnType: Hash },
  { Method: 'evm_setTime'; Parameters: [unixMs: number]; ReturnType: number },
  { Method: 'anvil_reorg'; Parameters: [depth: number, transactions: []]; ReturnType: null },
]

export type DevClient = ReturnType<typeof devClient>

/** A viem client that may do anything to a development node, in any account's name. */
export function devClient(url: string, chainId: number) {
  const chain = DEV_CHAINS.find(({ id }) => id === chainId)
  if (chain === undefined) throw new Error(`There is no development chain with id ${chainId}`)
  return createTestClient({
    mode: 'anvil',
    chain,
    transport: http(url, { retryCount: 0, batch: true, timeout: 30_000 }),
    cacheTime: 0,
    pollingInterval: 20,
    rpcSchema: rpcSchema<NodeMethods>(),
  })
    .extend(publicActions)
    .extend(walletActions)
}
