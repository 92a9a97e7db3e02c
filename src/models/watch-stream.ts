import { BackendFailure } from './backend-failure.ts'

export type WatchOptions = {
  /** Ends the backend's request; aborted here when the backend is silent, and when the iteration ends. */
  controller: AbortController
  /** To the first item: a cold model loads within it. */
  firstTokenTimeoutMs: number
  /** Between items. */
  idleTimeoutMs: number
}

/**
 * The items of a backend's stream. Time counts only while we wait for the backend, not while the consumer is busy.
 * Every way out, the consumer's leaving included, ends the backend's request.
 * @throws the controller's reason; {@link BackendFailure} `silent` when the backend took too long.
 */
export async function* watchStream<T>(
  open: () => Promise<AsyncIterable<T>>,
  { controller, firstTokenTimeoutMs, idleTimeoutMs }: WatchOptions,
): AsyncGenerator<T, void> {
  const wait = createWait(controller, firstTokenTimeoutMs)
  let items: AsyncIterator<T> | undefined
  let ended = false
  try {
    const opened = (await wait.for(open()))[Symbol.asyncIterator]()
    items = opened
    let next = await wait.for(opened.next())
    wait.setLimit(idleTimeoutMs)
    while (!next.done) {
      yield next.value
      next = await wait.for(opened.next())
    }
    ended = true
  } finally {
    wait.stop()
    if (!ended) {
      controller.abort()
      // Not awaited: a generator that waits for the backend would return only when the backend does.
      items?.return?.().catch(() => undefined)
    }
  }
}

type Wait = {
  /** Waits for `result`, unless the controller aborts or the limit passes first. */
  for<R>(result: Promise<R>): Promise<R>
  setLimit(ms: number): void
  stop(): void
}

/** One timer and one listener for a whole stream: a pair for each token costs more than reading the token. */
function createWait(controller: AbortController, firstLimitMs: number): Wait {
  const { signal } = controller
  let giveUp: ((reason: unknown) => void) | undefined
  const onAbort = () => giveUp?.(signal.reason)
  const startTimer = (ms: number) =>
    setTimeout(() => {
      if (giveUp !== undefined) controller.abort(new BackendFailure('silent'))
    }, ms)
  let timer = startTimer(firstLimitMs)
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    for(result) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          result.catch(() => undefined)
          return reject(signal.reason)
        }
        timer.refresh()
        giveUp = reject
        result.then(
          (value) => {
            giveUp = undefined
            resolve(value)
          },
          (error) => {
            giveUp = undefined
            reject(signal.aborted ? signal.reason : error)
          },
        )
      })
    },
    setLimit(ms) {
      clearTimeout(timer)
      timer = startTimer(ms)
    },
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}
