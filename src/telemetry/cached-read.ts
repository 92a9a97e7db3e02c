import { within } from '../within.ts'

/**
 * Reads at most once in `maxAgeMs`, and answers in time: undefined where the read has failed, or has not come back within
 * `timeoutMs`. One that hangs is not made again before it has ended.
 */
export function createCachedRead<Value>(
  read: () => Promise<Value>,
  { maxAgeMs, timeoutMs }: { maxAgeMs: number; timeoutMs: number },
): () => Promise<Value | undefined> {
  let known: { value: Value | undefined; atMs: number } | undefined
  let running: Promise<Value | undefined> | undefined

  async function refresh(): Promise<Value | undefined> {
    // An async function, so that a read that throws at once is one that rejects.
    const value = await (async () => read())().catch(() => undefined)
    known = { value, atMs: performance.now() }
    running = undefined
    return value
  }

  return async () => {
    if (known !== undefined && performance.now() - known.atMs < maxAgeMs) return known.value
    running ??= refresh()
    return within(timeoutMs, running)
  }
}
