import type { ChainName } from './chain-list.ts'
import { ChainUnavailableError } from './chain-unavailable-error.ts'
import { createHeadWatch, newestFirst } from './head-watch.ts'
import { NodeError, toNodeError } from './node-error.ts'
import { createNodeHealth } from './node-health.ts'
import type { Rpc } from './rpc.ts'
import { RpcError } from './rpc-error.ts'

export type FallbackOptions = {
  chain: ChainName
  /** In order of preference. */
  nodes: readonly Rpc[]
  /** What the operator can do when none answers. */
  hint: string
  /** Silence after which the next node is asked as well; default 500. */
  hedgeMs?: number
  now?: () => number
}

/**
 * The nodes of one chain as one. The next node is asked as well after a silence and instead after a fault; the first
 * good answer wins. A node that failed, lost to a later one, or lags is asked last for a while. Answers that every node
 * would give (reverts, invalid params) are passed on at once.
 * @throws {@link ChainUnavailableError} when no node answers; {@link RpcError}; the signal's reason.
 */
export function createFallback({ chain, nodes, hint, hedgeMs = 500, now = Date.now }: FallbackOptions): Rpc {
  const health = createNodeHealth({ size: nodes.length, now })
  const heads = createHeadWatch({ now })

  return (request) =>
    new Promise((resolve, reject) => {
      const { signal } = request
      if (signal?.aborted) return reject(signal.reason)
      const order = health.order()
      const faults: NodeError[] = [...health.leftOut()]
      const attempts = new Map<number, { controller: AbortController; overtaken: boolean }>()
      /** Doubtful answers, for want of a better one. */
      const spares: { node: number; result: unknown }[] = []
      let asked = 0
      let hedge: NodeJS.Timeout | undefined

      const end = () => {
        clearTimeout(hedge)
        signal?.removeEventListener('abort', leave)
        for (const { controller } of attempts.values()) controller.abort()
        attempts.clear()
      }
      const leave = () => {
        end()
        reject(signal?.reason)
      }
      const win = (node: number, result: unknown) => {
        for (const [other, { overtaken }] of attempts) {
          if (other !== node && overtaken) health.bench(other, new NodeError('slow'))
        }
        health.unbench(node)
        heads.accept(request, result)
        for (const spare of spares) {
          if (heads.isLagging(request, spare.result)) health.bench(spare.node, new NodeError('lagging'))
        }
        attempts.delete(node)
        end()
        resolve(result)
      }
      const lose = () => {
        const [spare] = spares.toSorted((a, b) => newestFirst(a.result, b.result))
        if (spare !== undefined) return win(spare.node, spare.result)
        end()
        reject(toFinalError(chain, faults, hint))
      }
      const ask = () => {
        clearTimeout(hedge)
        const node = order[asked]
        const rpc = node === undefined ? undefined : nodes[node]
        // A benched node is no better than a doubtful answer at hand.
        if (node === undefined || rpc === undefined || (spares.length > 0 && health.isBenched(node))) {
          if (attempts.size === 0) lose()
          return
        }
        asked++
        const controller = new AbortController()
        attempts.set(node, { controller, overtaken: false })
        if (asked < order.length) hedge = setTimeout(overtake, hedgeMs)
        const isOpen = () => attempts.has(node)
        rpc({ ...request, signal: controller.signal }).then(
          (result) => isOpen() && hear(node, () => result),
          (error: unknown) =>
            isOpen() &&
            hear(node, () => {
              throw error
            }),
        )
      }
      const overtake = () => {
        for (const attempt of attempts.values()) attempt.overtaken = true
        ask()
      }
      const hear = (node: number, answer: () => unknown) => {
        try {
          const result = answer()
          if (!heads.isDoubtful(request, result)) return win(node, result)
          spares.push({ node, result })
        } catch (error) {
          const fault = toNodeError(error)
          if (fault === undefined) {
            end()
            return reject(error)
          }
          faults.push(fault)
          health.bench(node, fault)
        }
        attempts.get(node)?.controller.abort()
        attempts.delete(node)
        ask()
      }

      signal?.addEventListener('abort', leave, { once: true })
      ask()
    })
}

/** JSON-RPC 2.0, section 5.1. */
const INTERNAL_ERROR = -32603

/** Where every node said the same of the request itself, what they said tells more than their number. */
function toFinalError(chain: ChainName, faults: readonly NodeError[], hint: string): Error {
  const last = faults.at(-1)
  const said = last?.cause
  // viem takes -32603, which says that the node broke, for a contract's revert.
  const isTelling = said instanceof RpcError && said.code !== INTERNAL_ERROR
  if (isTelling && faults.every((fault) => fault.kind === 'failed')) return said
  return new ChainUnavailableError({ chain, faults, hint })
}
