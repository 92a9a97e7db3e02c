/**
 * What was used in the minute that began with the first use, by the store's clock and for all gateways together. All reject
 * with a 503 GatewayError `store_unavailable` while the store cannot be reached: nothing is let through uncounted.
 */
export type RateCounters = {
  /** Counts all of them, or none where one has no room for it. One round trip, however many. In their order. */
  take(takes: readonly RateTake[]): Promise<readonly RateCount[]>
  /**
   * Adds `by` to what was taken before. What is too little counts against the minute in which that shows; what is given back is
   * lost once the minute it was taken in has passed.
   */
  correct(taken: readonly RateWindow[], by: number): Promise<void>
  close(): Promise<void>
}

/** `amount` may be 0: then nothing but a limit that is overdrawn already has no room for it. */
export type RateTake = { subject: string; amount: number; limit: number }

export type RateCount = {
  isWithin: boolean
  /** With what was taken now. */
  used: number
  /** Until all of it is free again. */
  msLeft: number
  /** Which minute it is; the store's own words. */
  window: string
}

/** JSON. */
export type RateWindow = { subject: string; window: string }

export const RATE_WINDOW_MS = 60_000
