import type { JsonRpcApiProvider } from 'ethers'
import type { Address, Chain, PublicClient, Transport } from 'viem'
import { CHAINS, type ChainName } from './chain-list.ts'
import type { BlockRef, ChainScope, Evidence } from './chain-session.ts'
import type { ChainStack } from './chain-stack.ts'
import { resolveAddress } from './ens.ts'
import { createEthersProvider } from './ethers-provider.ts'
import { pinReads } from './pin.ts'
import { readOnly } from './read-only.ts'
import { recordReads } from './record.ts'
import type { Rpc } from './rpc.ts'
import { createRpcClient } from './rpc-client.ts'
import type { RunHead } from './run-head.ts'

export type ChainScopeDeps = {
  signal: AbortSignal
  /** @throws when the chain is not enabled. */
  stackOf(chain: ChainName): ChainStack
  headOf(chain: ChainName): RunHead
  addEvidence(evidence: Evidence): void
  resolvedNames: Map<string, Address>
}

/** The chains as one tool call sees them: `read-only → pin → record → cache → …`, until `signal` fires. */
export function createChainScope({ signal, stackOf, headOf, addEvidence, resolvedNames }: ChainScopeDeps): ChainScope {
  const blocksRead = new Set<BlockRef>()
  const rpcs = new Map<ChainName, Rpc>()
  const clients = new Map<ChainName, PublicClient<Transport, Chain>>()
  const providers = new Map<ChainName, Promise<JsonRpcApiProvider>>()

  const block = async (chain: ChainName, blockSignal: AbortSignal = signal) => {
    const pinned = await headOf(chain).get(blockSignal)
    blocksRead.add(pinned.ref)
    return pinned
  }
  const rpcOf = (chain: ChainName) =>
    getOrCreate(rpcs, chain, () => {
      const { id: chainId } = CHAINS[chain]
      const { read } = stackOf(chain)
      const recorded = recordReads({ chainId, add: addEvidence }, read)
      const pinned = pinReads({ chainId, head: (readSignal) => block(chain, readSignal) }, recorded)
      return until(signal, readOnly(pinned))
    })
  const client = (chain: ChainName) => getOrCreate(clients, chain, () => createRpcClient(chain, rpcOf(chain)))

  return {
    client,
    ethers: async (chain) => {
      const rpc = rpcOf(chain)
      return getOrCreate(providers, chain, () => createEthersProvider({ chainId: CHAINS[chain].id, rpc }))
    },
    block: async (chain) => (await block(chain)).ref,
    async resolveAddress(addressOrName) {
      try {
        const address = await resolveAddress(
          { mainnet: () => client('ethereum'), resolved: resolvedNames },
          addressOrName,
        )
        // A name resolved by an earlier call was read at the same block.
        if (address.name !== null) await block('ethereum')
        return address
      } catch (error) {
        signal.throwIfAborted()
        throw error
      }
    },
    blocksRead: () => [...blocksRead],
  }
}

function until(signal: AbortSignal, next: Rpc): Rpc {
  return (request) =>
    next({ ...request, signal: request.signal === undefined ? signal : AbortSignal.any([signal, request.signal]) })
}

function getOrCreate<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = create()
  map.set(key, value)
  return value
}
