import { numberToHex } from 'viem'
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
  /**
   * None until the block is known. Two where the one to start from is lost: figures of the earlier run are of that one, those
   * of this run are of the second.
   */
  blocks(): readonly BlockRef[]
}

/** @param from - the block of an earlier run, read again as long as the nodes know it. */
export function createRunHead({ chain, from }: { chain: ChainName; from?: BlockRef | undefined }, next: Rpc): RunHead {
  let pinned: PinnedBlock | undefined
  let asking: Shared<PinnedBlock> | undefined

  const ask = async (signal: AbortSignal): Promise<PinnedBlock> => {
    const earlier = from && (await askEarlier(from, signal, next))
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
    blocks: () => {
      const isLost = from !== undefined && pinned !== undefined && pinned.ref.hash !== from.hash
      const read = pinned?.ref ?? from
      return [...(isLost ? [from] : []), ...(read === undefined ? [] : [read])]
    },
  }
}

/** Null where no node knows the block any more. */
async function askEarlier({ number, hash }: BlockRef, signal: AbortSignal, next: Rpc): Promise<unknown> {
  try {
    return await next({ method: 'eth_getBlockByHash', params: [hash, false], signal })
  } catch {
    signal.throwIfAborted()
    // Some providers serve only a list of methods, and this one is not always on it.
    const raw = await next({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false], signal })
    return parseHead(raw)?.hash === hash ? raw : null
  }
}
