import type { Request, Response } from 'express'
import type { ModelListing } from '../models/models.ts'
import type { ExecuteRun, RunEvent, RunOrder } from '../runs/run.ts'
import type { RunRecord } from '../runs/run-record.ts'
import type { NewRun } from '../runs/run-store.ts'
import type { TakeRun } from '../runs/take-run.ts'
import type { CallerLimit } from './caller-limit.ts'
import { bodyHash } from './runs/body-hash.ts'
import { isSdkRetry, readIdempotencyKey } from './runs/idempotency-key.ts'
import { readTraceparent } from './traceparent.ts'

/** What a route asks to be done, and how it is going to print it. */
export type RunRequest<Envelope> = {
  id: string
  caller: string
  order: Omit<RunOrder, 'id' | 'caller' | 'model' | 'runTimeoutMs'>
  /** Public id that was asked for, and what it stands for. */
  modelId: string
  listing: ModelListing
  /** Nobody waits: the run goes on when its caller has left. */
  background: boolean
  webhook?: NewRun['webhook']
  /** What the route needs to print the reply, now or when it is asked for again. JSON. */
  toEnvelope(createdMs: number): Envelope
}

export type OpenedRun<Envelope> = {
  id: string
  /** That of the first request, where this one joined its run. */
  envelope: Envelope
  /** Where the run is kept. */
  run: RunRecord | undefined
  events(signal: AbortSignal): AsyncIterable<RunEvent>
}

/**
 * Opens a run by the door it needs. In place, and forgotten with the reply, for an interactive model; kept in the store for a
 * queued one, in the background, and wherever the caller may send the request again by its `Idempotency-Key`.
 */
export type OpenRun = <Envelope>(
  req: Request,
  res: Response,
  request: RunRequest<Envelope>,
) => Promise<OpenedRun<Envelope>>

export type OpenRunDeps = {
  executeRun: ExecuteRun
  takeRun: TakeRun
  answers: CallerLimit
  /** Unix time in milliseconds. */
  now: () => number
  /** How long a blocking caller waits for a queued run. */
  waitTimeoutMs: number
  /** Wall clock of runs whose model says nothing of its own. */
  runTimeoutMs: number
}

export function createOpenRun(deps: OpenRunDeps): OpenRun {
  const { executeRun, takeRun, answers, now, waitTimeoutMs, runTimeoutMs } = deps
  return async (req, res, { id, caller, order, modelId, listing, background, webhook, toEnvelope }) => {
    const { model, isQueued = false } = listing
    const whole: RunOrder = {
      ...order,
      id,
      caller,
      model,
      runTimeoutMs: listing.runTimeoutMs,
      traceparent: readTraceparent(req),
    }
    const envelope = toEnvelope(now())
    const idempotencyKey = readIdempotencyKey(req)
    if (!isQueued && !background && idempotencyKey === undefined) {
      const leave = answers.enter(caller)
      if (res.closed) leave()
      else res.once('close', leave)
      return { id, envelope, run: undefined, events: (signal) => executeRun(whole, signal) }
    }
    const route = req.path
    const taken = await takeRun({
      order: whole,
      modelId,
      runTimeoutMs: listing.runTimeoutMs ?? runTimeoutMs,
      isHere: !isQueued && !background,
      route,
      envelope,
      background,
      bodyHash: bodyHash(route, [req.body, order.serverTools]), // a header may have turned them off
      idempotencyKey,
      isRetry: isSdkRetry(req),
      ...(webhook !== undefined && { webhook }),
    })
    return {
      id: taken.run.id,
      // Only routes read what they wrote; a key is one of a route.
      envelope: taken.isJoined ? (taken.run.envelope as typeof envelope) : envelope,
      run: taken.run,
      events: (signal) => taken.events(signal, order.stream ? undefined : waitTimeoutMs),
    }
  }
}
