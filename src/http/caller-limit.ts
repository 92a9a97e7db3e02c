import { GatewayError } from '../errors.ts'

/** How much of one kind each caller may have at once, in this process. */
export type CallerLimit = {
  /**
   * Returns how to leave; leaving twice changes nothing.
   * @throws {@link GatewayError} 429 where the caller has as many already.
   */
  enter(caller: string): () => void
}

export function createCallerLimit(max: number): CallerLimit {
  const counts = new Map<string, number>()
  return {
    enter(caller) {
      const count = counts.get(caller) ?? 0
      if (count >= max) throw tooMany(max)
      counts.set(caller, count + 1)
      let isIn = true
      return () => {
        if (!isIn) return
        isIn = false
        const left = (counts.get(caller) ?? 1) - 1
        if (left === 0) counts.delete(caller)
        else counts.set(caller, left)
      }
    },
  }
}

function tooMany(max: number): GatewayError {
  return new GatewayError(`Too many of your answers are being written: ${max} at most at once.`, {
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'rate_limit_error',
    retryAfterSec: 1,
  })
}
