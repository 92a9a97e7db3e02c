import { parseHead } from './head.ts'
import { NodeError } from './node-error.ts'
import type { RpcRequest } from './rpc.ts'

/** Older than any chain's pause between blocks: another node is asked whether it knows better. */
const STALE_AFTER_SEC = 60
/** A head this much older than another node's is a node that lags, not a block on its way. */
const LAG_SEC = 30
const BLOCK_READS: ReadonlySet<string> = new Set(['eth_getBlockByNumber', 'eth_getBlockByHash'])

/** Watches blocks as nodes of one chain give them, and so costs no request of its own. */
export type HeadWatch = {
  /**
   * Whether another node may well have a better answer: an old head, or a block this one has not seen.
   * @throws {@link NodeError} `garbled` where a head is no block.
   */
  isDoubtful(request: RpcRequest, result: unknown): boolean
  /** Takes the answer that was passed on for the newest there is. */
  accept(request: RpcRequest, result: unknown): void
  /** Whether an answer to the same question shows that its node lags behind what was accepted. */
  isLagging(request: RpcRequest, result: unknown): boolean
}

export function createHeadWatch({ now }: { now: () => number }): HeadWatch {
  let newestSec = 0
  const lags = (timestampSec: number) => newestSec - timestampSec > LAG_SEC
  return {
    isDoubtful(request, result) {
      if (result === null) return BLOCK_READS.has(request.method)
      if (!isLatest(request)) return false
      const head = parseHead(result)
      if (head === undefined) throw new NodeError('garbled')
      return now() / 1_000 - head.timestampSec > STALE_AFTER_SEC || lags(head.timestampSec)
    },
    accept(request, result) {
      if (isLatest(request)) newestSec = parseHead(result)?.timestampSec ?? newestSec
    },
    isLagging(request, result) {
      const head = isLatest(request) ? parseHead(result) : undefined
      return head !== undefined && lags(head.timestampSec)
    },
  }
}

/** Orders answers to one question: the newest block first, none last. */
export function newestFirst(a: unknown, b: unknown): number {
  return Number((parseHead(b)?.number ?? -1n) - (parseHead(a)?.number ?? -1n))
}

function isLatest({ method, params }: RpcRequest): boolean {
  return method === 'eth_getBlockByNumber' && params[0] === 'latest'
}
