export type FirstHandlers = {
  onFirst(): void
  /** Hears of a failure ahead of the first event. */
  onError(error: unknown): void
}

/** The same events. What follows the first passes untouched: a promise more for every token costs something. */
export function watchFirst<Event>(events: AsyncIterable<Event>, handlers: FirstHandlers): AsyncIterable<Event> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = events[Symbol.asyncIterator]()
      let isAsked = false
      return {
        next() {
          const next = iterator.next()
          if (!isAsked) {
            isAsked = true
            next.then(handlers.onFirst, handlers.onError)
          }
          return next
        },
        return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
      }
    },
  }
}
