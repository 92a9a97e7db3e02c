import { GatewayError } from '../errors.ts'

/** How much of one kind each caller may have at once, in this process. */
export type CallerLimit = {
  /**
   * Iterates what `open` gives, and counts it until the iteration ends.
   * @throws {@link GatewayError} 429 where the caller has as many already.
   */
  within<Item>(caller: string, open: () => AsyncIterable<Item>): AsyncIterable<Item>
}

/** No generator: one more of those costs each token several turns of the event loop's queue. */
export function createCallerLimit(max: number): CallerLimit {
  const counts = new Map<string, number>()

  /** Returns how to leave; leaving twice changes nothing. */
  function enter(caller: string): () => void {
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
  }

  return {
    within: <Item>(caller: string, open: () => AsyncIterable<Item>) => ({
      [Symbol.asyncIterator]() {
        let items: AsyncIterator<Item> | undefined
        let leave = () => {}

        async function begin(): Promise<IteratorResult<Item>> {
          leave = enter(caller)
          items = open()[Symbol.asyncIterator]()
          return items.next()
        }
        function hear(result: IteratorResult<Item>): IteratorResult<Item> {
          if (result.done) leave()
          return result
        }
        function fail(error: unknown): never {
          leave()
          throw error
        }

        return {
          next: () => (items?.next() ?? begin()).then(hear, fail),
          async return() {
            try {
              await items?.return?.()
            } finally {
              leave()
            }
            return { done: true as const, value: undefined }
          },
        }
      },
    }),
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
