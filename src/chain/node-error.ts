import { readRpcError } from './read-rpc-error.ts'
import { RpcError } from './rpc-error.ts'

/** What a node did instead of answering, and for how long it is then asked last. */
const FAULTS = {
  timeout: { says: 'timed out', benchMs: 15_000 },
  slow: { says: 'answered too slowly', benchMs: 30_000 },
  unreachable: { says: 'cannot be reached', benchMs: 10_000 },
  unavailable: { says: 'answered with an HTTP error', benchMs: 10_000 },
  refused: { says: 'refused the request (is its key valid?)', benchMs: 60_000 },
  rate_limited: { says: 'limited the rate', benchMs: 10_000 },
  garbled: { says: 'answered with something that is not JSON-RPC', benchMs: 30_000 },
  wrong_chain: { says: 'is on another chain', benchMs: 60_000 },
  lagging: { says: 'lagged behind', benchMs: 15_000 },
  failed: { says: 'failed inside', benchMs: 5_000 },
  unknown_block: { says: 'does not have that block or its state', benchMs: 0 },
  unserved_method: { says: 'does not serve the method', benchMs: 0 },
  too_wide: { says: 'found the range of blocks too wide', benchMs: 0 },
} as const

export type FaultKind = keyof typeof FAULTS

/** A node failed us, and another one may not. The message is ours: no URL, no header, no upstream text. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly kind: FaultKind
  /** The node is asked last until then; 0 where it is as good as before. */
  readonly benchMs: number

  constructor(kind: FaultKind, { benchMs, cause }: { benchMs?: number | undefined; cause?: unknown } = {}) {
    super(`The node ${FAULTS[kind].says}.`, { cause })
    this.kind = kind
    this.benchMs = benchMs ?? FAULTS[kind].benchMs
  }
}

/** `2 timed out, 1 is on another chain`; `timed out` where all did. */
export function countFaults(faults: readonly NodeError[]): string {
  const kinds = [...new Set(faults.map((fault) => fault.kind))]
  const countOf = (kind: FaultKind) => faults.filter((fault) => fault.kind === kind).length
  return kinds.map((kind) => (kinds.length === 1 ? '' : `${countOf(kind)} `) + FAULTS[kind].says).join(', ')
}

/**
 * The fault in an error, or undefined where the error is an answer that every node would give: a revert, invalid params.
 */
export function toNodeError(error: unknown): NodeError | undefined {
  if (error instanceof NodeError) return error
  if (!(error instanceof RpcError)) return undefined
  const kind = readRpcError(error)
  return kind === 'answer' ? undefined : new NodeError(kind, { cause: error })
}
