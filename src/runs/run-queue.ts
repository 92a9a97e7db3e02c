import type { RunJob } from './run-store.ts'

/** Tells workers that there is something to do. It may forget, repeat and reorder: the store says what is true. */
export type RunQueue = {
  /** One job per (run, fence): adding it again while it is there changes nothing. */
  add(job: RunJob): Promise<void>
  /**
   * Calls `handler` for each job, `concurrency` at once. A handler that rejects is logged, and its job is done.
   * `signal` fires when the worker is told to stop and its time to drain is over.
   */
  work(handler: (runId: string, signal: AbortSignal) => Promise<void>, options: { concurrency: number }): RunWorker
  /** Jobs that nobody has taken, and those in work. */
  depth(): Promise<{ waiting: number; active: number }>
  /** `detail` says what to do. Never rejects. */
  check(): Promise<{ status: 'ok' } | { status: 'down'; detail: string }>
  close(): Promise<void>
}

export type RunWorker = {
  /** Takes no more jobs; waits for those it has, until `limit` fires: then their signals do, and it waits for them to give up. */
  drain(limit: AbortSignal): Promise<void>
}
