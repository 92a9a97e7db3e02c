import { LRUCache } from 'lru-cache'

/**
 * What must outlive a request, by caller and id: nobody finds what another caller kept. Values are JSON, so that a store
 * can hold them as they are.
 */
export type Keep<Value extends object> = {
  get(caller: string, id: string): Promise<Value | undefined>
  set(caller: string, id: string, value: Value): Promise<void>
  /** False where there was nothing. */
  delete(caller: string, id: string): Promise<boolean>
}

/**
 * Keeps in this process, and until its end. What was not asked for longest goes first once there is too much; a value that
 * would push out many others is not kept at all.
 */
export function createMemoryKeep<Value extends object>({
  ttlMs,
  maxBytes,
  now = Date.now,
}: {
  ttlMs: number
  /** Of all values as JSON. */
  maxBytes: number
  /** Milliseconds. */
  now?: () => number
}): Keep<Value> {
  const values = new LRUCache<string, string>({
    ttl: ttlMs,
    ttlResolution: 0,
    perf: { now },
    maxSize: maxBytes,
    maxEntrySize: Math.floor(maxBytes / LEAST_ENTRIES),
    sizeCalculation: toSize,
  })
  const toKey = (caller: string, id: string) => JSON.stringify([caller, id])
  return {
    async get(caller, id) {
      const text = values.get(toKey(caller, id))
      return text === undefined ? undefined : (JSON.parse(text) as Value)
    },
    async set(caller, id, value) {
      values.set(toKey(caller, id), JSON.stringify(value))
    },
    async delete(caller, id) {
      const key = toKey(caller, id)
      return values.has(key) && values.delete(key) // what is too old to be found is still there
    },
  }
}

const LEAST_ENTRIES = 8

/** Node keeps a text in one or two bytes a character; the entry itself is not free either. */
const toSize = (text: string, key: string) => 2 * (text.length + key.length) + 256
