import { setTimeout as delay } from 'node:timers/promises'

/** What `promise` resolves with, where it does so in time: else undefined, and nobody waits for it any more. */
export async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  const late = new AbortController()
  const timer = delay(ms, undefined, { signal: late.signal }).catch(() => undefined)
  try {
    return await Promise.race([promise, timer])
  } finally {
    late.abort()
  }
}
