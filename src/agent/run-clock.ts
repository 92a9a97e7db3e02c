export type RunClock = {
  /** Fires when the caller leaves or the run's time is over. */
  signal: AbortSignal
  /** Fires earlier than `signal`, so that there is time left to answer with what the tools found. */
  toolSignal: AbortSignal
  /** Whether the run's own time is over; false when it was the caller who left. */
  isExpired(): boolean
  /** Ends what still runs; frees the timers and the hold on the caller's signal. */
  stop(): void
}

const ANSWER_RESERVE_MS = 30_000
/** Made once: every run ends with it, and an exception's stack costs more than the rest of the clock. */
const RUN_OVER = new DOMException('The run is over.', 'AbortError')

/** A run's wall clock: the last quarter of `runTimeoutMs`, at most 30 s, is kept for the answer. */
export function startRunClock(runTimeoutMs: number, caller: AbortSignal): RunClock {
  const run = new AbortController()
  const tools = new AbortController()
  let expired = false
  const stopTools = (reason: unknown) => tools.abort(reason)
  const leave = () => {
    run.abort(caller.reason)
    stopTools(caller.reason)
  }
  const toolTimer = setTimeout(
    () => stopTools(new DOMException('The time for tools is over.', 'TimeoutError')),
    runTimeoutMs - Math.min(runTimeoutMs / 4, ANSWER_RESERVE_MS),
  )
  const runTimer = setTimeout(() => {
    expired = true
    const reason = new DOMException('The time of the run is over.', 'TimeoutError')
    run.abort(reason)
    stopTools(reason)
  }, runTimeoutMs)
  if (caller.aborted) leave()
  else caller.addEventListener('abort', leave, { once: true })
  return {
    signal: run.signal,
    toolSignal: tools.signal,
    // No getter: each object with one of its own gets a hidden class of its own, which keeps the whole run until the next full
    // collection.
    isExpired: () => expired,
    stop() {
      clearTimeout(toolTimer)
      clearTimeout(runTimer)
      caller.removeEventListener('abort', leave)
      run.abort(RUN_OVER)
      stopTools(RUN_OVER)
    },
  }
}
