import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from '../errors.ts'

/** Whether the store could not be asked: nothing is known to have changed, and a later try may do. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'store_unavailable'
}

/** How long a restart of the store may take, for whom nobody else sets a limit. */
export const OUTAGE_MS = 60_000

/** Asks the store again while it is away, until `signal` fires: a restart of it must not cost a run. */
export async function outlastOutage<Result>(ask: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 2_000)) {
    try {
      return await ask()
    } catch (error) {
      if (!isStoreAway(error) || signal.aborted) throw error
      await delay(waitMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) throw error
    }
  }
}
