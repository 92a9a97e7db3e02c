import { LRUCache } from 'lru-cache'
import { canonicalJson } from './canonical-json.ts'
import type { Rpc } from './rpc.ts'
import { type Shared, share } from './share.ts'

/** Results as JSON text, so that nobody can change what others will read. */
export type ReadStore = LRUCache<string, string>

/** @param maxBytes - size of keys and results together, about; default 64 MiB. */
export function createReadStore({ maxBytes = 64 * 1_048_576 }: { maxBytes?: number } = {}): ReadStore {
  return new LRUCache({ maxSize: maxBytes, sizeCalculation: (text, key) => text.length + key.length })
}

/**
 * Keeps reads at a known block, told apart by its hash, and joins identical reads in flight: an abort leaves the others
 * their answer, and the last one to leave aborts the request.
 */
export function cacheReads({ chainId, store }: { chainId: number; store: ReadStore }, next: Rpc): Rpc {
  const inFlight = new Map<string, Shared<unknown>>()

  return async ({ method, params, block, signal }) => {
    const key = `${chainId} ${block?.hash ?? ''} ${method} ${canonicalJson(params)}`
    const stored = block === undefined ? undefined : store.get(key)
    if (stored !== undefined) return JSON.parse(stored)

    const joined = inFlight.get(key)
    if (joined !== undefined && !joined.abandoned) return structuredClone(await joined.join(signal))

    const read = share(async (shared) => {
      try {
        const result = await next({ method, params, block, signal: shared })
        // Null may be a node that has not caught up.
        if (block !== undefined && result !== null) store.set(key, JSON.stringify(result))
        return result
      } finally {
        if (inFlight.get(key) === read) inFlight.delete(key)
      }
    })
    inFlight.set(key, read)
    return read.join(signal)
  }
}
