import type { Hex } from 'viem'

/** One JSON-RPC read. A layer of the stack takes an `Rpc` and gives an `Rpc`. */
export type RpcRequest = {
  method: string
  params: readonly unknown[]
  signal?: AbortSignal | undefined
  /** The run's block, where `params` name it (set by the pin): what is read there never changes. */
  block?: { number: bigint; hash: Hex } | undefined
}

/** Resolves with the `result` of the reply. */
export type Rpc = (request: RpcRequest) => Promise<unknown>
