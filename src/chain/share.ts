/** One task that several wait for. */
export type Shared<T> = {
  /** Waits for the task, until `signal` fires. The last one to leave aborts the task. */
  join(signal?: AbortSignal): Promise<T>
  /** Whether everyone left before it was done: it cannot be joined any more. */
  readonly abandoned: boolean
}

/** Starts `task` at once; what it is given fires when nobody waits any more. */
export function share<T>(task: (signal: AbortSignal) => Promise<T>): Shared<T> {
  const nobodyWaits = new AbortController()
  const result = task(nobodyWaits.signal)
  result.catch(() => {})
  let waiting = 0
  return {
    join(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason)
      waiting++
      return new Promise<T>((resolve, reject) => {
        const leave = () => {
          reject(signal?.reason)
          if (--waiting === 0) nobodyWaits.abort()
        }
        signal?.addEventListener('abort', leave, { once: true })
        const stay = () => signal?.removeEventListener('abort', leave)
        result.finally(stay).then(resolve, reject)
      })
    },
    get abandoned() {
      return nobodyWaits.signal.aborted
    },
  }
}
