import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds between two rounds over the backends; doubles from the first to the longest. */
export type Patience = { firstMs: number; longestMs: number }

export const DEFAULT_PATIENCE: Patience = { firstMs: 1_000, longestMs: 15_000 }

/**
 * Waits before the next round; `round` counts from 1. Half of it is drawn, so that runs which failed together do not come back
 * together.
 * @throws the signal's reason.
 */
export async function waitForRound(
  round: number,
  { firstMs, longestMs }: Patience,
  { random, signal }: { random: () => number; signal: AbortSignal },
): Promise<void> {
  const waitMs = Math.min(longestMs, firstMs * 2 ** Math.min(round - 1, 16)) * (0.5 + random() / 2)
  await delay(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
}
