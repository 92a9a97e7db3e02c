/** How many calls a backend takes at once. Those who wait are served in order of arrival, before anybody who comes later. */
export type Slots = {
  /** Undefined while all are taken; one that is given back goes to who waits. */
  tryTake(): Release | undefined
  join(waiter: Waiter): void
  leave(waiter: Waiter): void
}

/** Gives the slot back; only the first call does. */
export type Release = () => void
export type Waiter = (release: Release) => void

export function createSlots(limit: number): Slots {
  const waiting = new Set<Waiter>()
  let taken = 0

  function take(): Release {
    let isHeld = true
    taken++
    return () => {
      if (!isHeld) return
      isHeld = false
      taken--
      const [next] = waiting
      if (next === undefined) return
      waiting.delete(next)
      next(take())
    }
  }

  return {
    tryTake: () => (taken < limit ? take() : undefined),
    join: (waiter) => waiting.add(waiter),
    leave: (waiter) => waiting.delete(waiter),
  }
}

export type Granted = { at: number; release: Release }

/**
 * Waits until one of them has a place, all of which are full now. Undefined when none had within `waitMs`.
 * @throws the signal's reason.
 */
export function waitForSlot(
  slots: readonly Slots[],
  { signal, waitMs }: { signal: AbortSignal; waitMs: number },
): Promise<Granted | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const waiters = slots.map(
      (_, at): Waiter =>
        (release) => {
          stop()
          resolve({ at, release })
        },
    )
    const timer = waitMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(onTimeout, waitMs)
    signal.addEventListener('abort', onAbort, { once: true })
    for (const [at, waiter] of waiters.entries()) slots[at]?.join(waiter)

    function stop(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      for (const [at, waiter] of waiters.entries()) slots[at]?.leave(waiter)
    }
    function onTimeout(): void {
      stop()
      resolve(undefined)
    }
    function onAbort(): void {
      stop()
      reject(signal.reason)
    }
  })
}
