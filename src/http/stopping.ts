import { GatewayError } from '../errors.ts'

/** How the end of this process meets its requests: first no new one is taken, later those that still run are broken off. */
export type Stopping = {
  readonly hasBegun: boolean
  begin(): void
  /** `listener` hears why its answer is broken off; at once, where that has happened. Returns how to stop listening. */
  onBreakOff(listener: (reason: ServerStoppedError) => void): () => void
  breakOff(): void
}

export function createStopping(): Stopping {
  const listeners = new Set<(reason: ServerStoppedError) => void>()
  let hasBegun = false
  let reason: ServerStoppedError | undefined
  return {
    get hasBegun() {
      return hasBegun
    },
    begin() {
      hasBegun = true
    },
    onBreakOff(listener) {
      if (reason !== undefined) listener(reason)
      else listeners.add(listener)
      return () => listeners.delete(listener)
    },
    breakOff() {
      hasBegun = true
      reason ??= new ServerStoppedError()
      const told = [...listeners]
      listeners.clear()
      for (const listener of told) listener(reason)
    },
  }
}

/** 503: the request came too late for this process. */
export class ServerStoppingError extends GatewayError {
  constructor() {
    super('The gateway is stopping, and takes no new requests. Send this one again.', {
      status: 503,
      code: 'server_stopping',
      type: 'service_unavailable_error',
      retryAfterSec: 1,
    })
  }
}

/** 503: the answer was not done when the process had to end. */
export class ServerStoppedError extends GatewayError {
  constructor() {
    super('The gateway was stopped before the answer was complete.', {
      status: 503,
      code: 'server_stopped',
      type: 'service_unavailable_error',
      retryAfterSec: 5,
    })
  }
}

declare global {
  namespace Express {
    interface Locals {
      /** Where requests are told of the end: {@link refuseWhileStopping} sets it. */
      stopping?: Stopping
    }
  }
}
