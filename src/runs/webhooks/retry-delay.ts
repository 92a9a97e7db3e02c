/**
 * Milliseconds until the next try of a webhook after as many that failed; undefined where it is given up. A fifth more or less,
 * so that what failed together does not come back together.
 */
export function toRetryDelayMs(failures: number, random: () => number = Math.random): number | undefined {
  const delaySec = DELAYS_SEC[failures - 1]
  return delaySec === undefined ? undefined : Math.round(delaySec * 1_000 * (0.8 + 0.4 * random()))
}

const DELAYS_SEC = [5, 30, 120, 600, 3_600, 21_600]
