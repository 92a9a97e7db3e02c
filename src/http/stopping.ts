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
  const listeners = createListeners<ServerStoppedError>()
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
      if (reason === undefined) return listeners.add(listener)
      listener(reason)
      return () => {}
    },
    breakOff() {
      hasBegun = true
      reason ??= new ServerStoppedError()
      for (const listener of listeners.takeAll()) listener(reason)
    },
  }
}

type Listener<Told> = (told: Told) => void

/**
 * A list with places that are used again. A Set that many pass through leaves its old tables behind, and what they hold, a
 * whole request each, stays until the next full collection.
 */
function createListeners<Told>() {
  const places: (Listener<Told> | undefined)[] = []
  const free: number[] = []
  return {
    add(listener: Listener<Told>): () => void {
      const at = free.pop() ?? places.length
      places[at] = listener
      return () => {
        if (places[at] !== listener) return
        places[at] = undefined
        free.push(at)
      }
    },
    takeAll: () => places.splice(0).filter((listener) => listener !== undefined),
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
