import { isStoreAway } from './outlast-outage.ts'
import { LostClaimError, RunEndedError } from './run-store.ts'

/** Whether a worker has stopped for what says nothing about its run: that goes on elsewhere, has ended, or waits for the store. */
export function isNobodysFault(error: unknown): boolean {
  return error instanceof LostClaimError || error instanceof RunEndedError || isStoreAway(error)
}
