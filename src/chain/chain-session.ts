import type { JsonRpcApiProvider } from 'ethers'
import type { Address, Chain, Hex, PublicClient, Transport } from 'viem'
import type { ChainName } from './chain-list.ts'

/** The block that every `latest` read of a run on a chain sees. */
export type BlockRef = {
  chain: ChainName
  chainId: number
  number: bigint
  hash: Hex
  timestampSec: number
}

/** One JSON-RPC read as it was answered: enough to ask again and compare. */
export type Evidence = {
  chainId: number
  method: string
  params: readonly unknown[]
  /** The block that was read: the run's, or another that was named; null for a read that names none (`eth_gasPrice`). */
  blockNumber: bigint | null
  /** keccak256 of the result's canonical JSON. */
  resultDigest: Hex
}

/** An address and the name it came from. */
export type ResolvedAddress = {
  /** EIP-55 checksummed. */
  hex: Address
  /** Normalised ENS name the caller wrote, or null where they wrote the address itself. */
  name: string | null
  /** For sentences: the name where there is one, else the address. */
  label: string
}

/** What one tool call may ask of the chain. Every wait ends when the call's signal fires. */
export type ChainScope = {
  /** A viem client, pinned to the run's block of that chain and read-only. */
  client(chain: ChainName): PublicClient<Transport, Chain>
  /** The same stack for code written for ethers. Loads ethers on first use. */
  ethers(chain: ChainName): Promise<JsonRpcApiProvider>
  /** The run's block on that chain; the first ask fixes it. */
  block(chain: ChainName): Promise<BlockRef>
  /** An address, or an ENS name (on mainnet, strict, ENSIP-15) to its address. */
  resolveAddress(addressOrName: string): Promise<ResolvedAddress>
  /** Blocks this call has read so far, in order of first use. */
  blocksRead(): readonly BlockRef[]
}

/** A run's view of all chains: one block each, from its first read to its end. */
export type ChainSession = {
  scope(signal: AbortSignal): ChainScope
  evidence(): readonly Evidence[]
  /** Those read so far. More than one of a chain only where that of an earlier run is lost, so that two were read. */
  blocks(): readonly BlockRef[]
  /** Asks each pinned block's hash again; returns the blocks that are no longer canonical. */
  findReorgs(signal: AbortSignal): Promise<readonly BlockRef[]>
}
