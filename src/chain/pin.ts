import { type Hex, numberToHex } from 'viem'
import { blockParamAt } from './block-param.ts'
import type { Rpc, RpcRequest } from './rpc.ts'
import type { PinnedBlock } from './run-head.ts'

export type PinOptions = {
  chainId: number
  /** The run's block; asked only when a read needs it. */
  head: (signal?: AbortSignal) => Promise<PinnedBlock>
}

/**
 * Every `latest`, and every block left out, becomes the run's block, so that whatever speaks JSON-RPC above is pinned
 * without knowing it. Another block that is named stays; a method that names no block passes.
 */
export function pinReads({ chainId, head }: PinOptions, next: Rpc): Rpc {
  return async (request) => {
    const { method, params, signal } = request
    if (method === 'eth_chainId') return numberToHex(chainId)
    if (method === 'net_version') return String(chainId)
    if (method === 'eth_blockNumber') return numberToHex((await head(signal)).ref.number)
    if (method === 'eth_getLogs') return next(await pinLogs(request, head))

    const at = blockParamAt(method)
    if (at === undefined || !isLatest(params[at])) return next(request)
    const { ref, raw } = await head(signal)
    if (method === 'eth_getBlockByNumber' && params[1] !== true) return structuredClone(raw)
    return next({ ...request, params: withBlock(params, at, numberToHex(ref.number)), block: ref })
  }
}

/** A log filter's ends are `latest` where they are left out. */
async function pinLogs(request: RpcRequest, head: PinOptions['head']): Promise<RpcRequest> {
  const [filter] = request.params
  if (typeof filter !== 'object' || filter === null || 'blockHash' in filter) return request
  const { fromBlock, toBlock } = filter as Record<string, unknown>
  if (!isLatest(fromBlock) && !isLatest(toBlock)) return request
  const { ref } = await head(request.signal)
  const number = numberToHex(ref.number)
  const pinned = {
    ...filter,
    fromBlock: isLatest(fromBlock) ? number : fromBlock,
    toBlock: isLatest(toBlock) ? number : toBlock,
  }
  return { ...request, params: [pinned], block: ref }
}

function isLatest(block: unknown): boolean {
  return block === undefined || block === null || block === 'latest'
}

/** Params after the block (state overrides) stay where they are. */
function withBlock(params: readonly unknown[], at: number, number: Hex): readonly unknown[] {
  return Array.from({ length: Math.max(params.length, at + 1) }, (_, index) => (index === at ? number : params[index]))
}
