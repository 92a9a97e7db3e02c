import { CHAINS, type ChainName } from './chain-list.ts'
import type { BlockRef } from './chain-session.ts'
import { parseHead } from './head.ts'
import { NodeError } from './node-error.ts'
import type { Rpc } from './rpc.ts'
import { type Shared, share } from './share.ts'

/** The block of a run on a chain, and the block as JSON-RPC gave it (transactions as hashes). */
export type PinnedBlock = { ref: BlockRef; raw: unknown }

/** Resolves the block once: the newest, or the one it is told to start from; a failed ask is asked anew. */
export type RunHead = {
  get(signal?: AbortSignal): Promise<PinnedBlock>
  /** The block, once it is known. */
  known(): BlockRef | undefined
}

/** @param from - the block of an earlier run, read again as long as the nodes know it. */
export function createRunHead({ chain, from }: { chain: ChainName; from?: BlockRef | undefined }, next: Rpc): RunHead {
  let pinned: PinnedBlock | undefined
  let asking: Shared<PinnedBlock> | undefined

  const ask = async (signal: AbortSignal): Promise<PinnedBlock> => {
    const earlier = from && (await next({ method: 'eth_getBlockByHash', params: [from.hash, false], signal }))
    const raw = earlier ?? (await next({ method: 'eth_getBlockByNumber', params: ['latest', false], signal }))
    const head = parseHead(raw)
    if (head === undefined) throw new NodeError('garbled')
    pinned = { ref: { chain, chainId: CHAINS[chain].id, ...head }, raw }
    return pinned
  }

  return {
    async get(signal) {
      if (pinned !== undefined) return pinned
      if (asking === undefined || asking.abandoned) {
        const current = share((shared) =>
          ask(shared).finally(() => {
            if (asking === current) asking = undefined
          }),
        )
        asking = current
      }
      return asking.join(signal)
    },
    known: () => pinned?.ref ?? from,
  }
}
