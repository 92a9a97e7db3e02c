import type { Keep } from '../../src/runs/keep.ts'

/** Keeps in this process: for specs that are not about the store. */
export function memoryKeep<Value extends object>({
  ttlMs = 60_000,
  now = Date.now,
}: {
  ttlMs?: number
  /** Milliseconds. */
  now?: () => number
} = {}): Keep<Value> {
  const values = new Map<string, { text: string; untilMs: number }>()
  const toKey = (caller: string, id: string) => JSON.stringify([caller, id])
  const find = (key: string) => {
    const kept = values.get(key)
    return kept !== undefined && now() <= kept.untilMs ? kept.text : undefined
  }
  return {
    async get(caller, id) {
      const text = find(toKey(caller, id))
      return text === undefined ? undefined : (JSON.parse(text) as Value)
    },
    async set(caller, id, value) {
      values.set(toKey(caller, id), { text: JSON.stringify(value), untilMs: now() + ttlMs })
    },
    async delete(caller, id) {
      const key = toKey(caller, id)
      return find(key) !== undefined && values.delete(key)
    },
  }
}
