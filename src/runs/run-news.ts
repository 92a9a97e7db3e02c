/** Tells that runs have changed, across processes. */
export type RunNews = {
  /** From now on; what changed before is for the caller to read afterwards. */
  watch(runId: string): RunWatch
  close(): Promise<void>
}

export type RunWatch = {
  /** Resolves when something has changed since `watch`, or since the last time. Now and then it has not. */
  next(signal: AbortSignal): Promise<void>
  stop(): void
}
