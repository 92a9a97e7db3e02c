import type { Request, Response } from 'express'
import { requireSpender } from '../accounts/identify/require-spender.ts'
import type { Identity } from '../accounts/identity.ts'
import { InsufficientCreditsError } from '../accounts/insufficient-credits-error.ts'
import type { ModelListing } from '../models/models.ts'
import type { Billing } from '../runs/billing.ts'
import type { ExecuteRun, RunEvent, RunOrder } from '../runs/run.ts'
import type { RunRecord } from '../runs/run-record.ts'
import type { NewRun } from '../runs/run-store.ts'
import type { TakeRun } from '../runs/take-run.ts'
import type { TopUpWays } from './accounts/top-up-ways.ts'
import { identityOf } from './auth.ts'
import type { CallerLimit } from './caller-limit.ts'
import { toPayment } from './payment-of.ts'
import type { RequestPayments } from './payments/request-payments.ts'
import { toTopUpHint } from './payments/top-up-hint.ts'
import type { TakeTokens } from './rate-limits/take-tokens.ts'
import { bodyHash } from './runs/body-hash.ts'
import { isSdkRetry, readIdempotencyKey } from './runs/idempotency-key.ts'
import { readTraceparent } from './traceparent.ts'

/** What a route asks to be done, and how it is going to print it. */
export type RunRequest<Envelope> = {
  id: string
  order: Omit<RunOrder, 'id' | 'caller' | 'model' | 'runTimeoutMs' | 'hold' | 'canAfford'>
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
  /** How long a run may wait for a worker. */
  queueTimeoutMs: number
  billing: Billing
  payments: RequestPayments
  takeTokens: TakeTokens
  topUpWays: TopUpWays
  freeMode: boolean
}

/** What a run may take beyond its time, before its credits are taken for lost. */
const GRACE_MS = 60_000

export function createOpenRun(deps: OpenRunDeps): OpenRun {
  const { executeRun, takeRun, answers, billing, payments, takeTokens, topUpWays, freeMode } = deps
  const { now, waitTimeoutMs, runTimeoutMs, queueTimeoutMs } = deps
  return async (req, res, { id, order, modelId, listing, background, webhook, toEnvelope }) => {
    const { model, isQueued = false } = listing
    const identity = await payFor(req, res)
    const { caller, key, scopes } = identity
    const whole: RunOrder = {
      ...order,
      id,
      caller,
      model,
      keyId: key?.id,
      allowedTools: scopes.tools,
      runTimeoutMs: listing.runTimeoutMs,
      traceparent: readTraceparent(req),
    }
    const idempotencyKey = readIdempotencyKey(req)
    const giveTokensBack = await takeTokens(res, () => billing.mostTokens(whole, listing))
    const envelope = toEnvelope(now())
    const isForgotten = !isQueued && !background && idempotencyKey === undefined
    const runMs = listing.runTimeoutMs ?? runTimeoutMs
    const ttlMs = runMs + GRACE_MS + (isForgotten ? 0 : queueTimeoutMs)
    const payment = toPayment(identity, { freeMode, ttlMs })
    const toHold = payment && billing.toHoldOrder(whole, listing, payment)
    const offeredSteps = whole.serverTools ? USUAL_STEPS : 1n
    if (toHold?.payers.length === 0) {
      const error = nobodyPays(toHold.amount)
      payments.offer(req, res, { needed: toHold.amount * offeredSteps, available: 0n })
      throw error
    }
    if (isForgotten) {
      const leave = answers.enter(caller)
      if (res.closed) leave()
      else res.once('close', leave)
      const hold = toHold && (await orOffer(req, res, offeredSteps, billing.hold(toHold)))
      return { id, envelope, run: undefined, events: (signal) => executeRun({ ...whole, hold }, signal) }
    }
    const route = req.path
    const taking = takeRun({
      order: whole,
      modelId,
      runTimeoutMs: runMs,
      hold: toHold,
      isHere: !isQueued && !background,
      route,
      envelope,
      background,
      bodyHash: bodyHash(route, [req.body, order.serverTools]), // a header may have turned them off
      idempotencyKey,
      isRetry: isSdkRetry(req),
      ...(webhook !== undefined && { webhook }),
    })
    const taken = await orOffer(req, res, offeredSteps, taking)
    if (taken.isJoined) giveTokensBack()
    return {
      id: taken.run.id,
      // Only routes read what they wrote; a key is one of a route.
      envelope: taken.isJoined ? (taken.run.envelope as typeof envelope) : envelope,
      run: taken.run,
      events: (signal) => taken.events(signal, order.stream ? undefined : waitTimeoutMs),
    }
  }

  /** Credits what the request itself pays, where its caller is known by something else. */
  async function payFor(req: Request, res: Response): Promise<Identity> {
    const identity = identityOf(res)
    if (freeMode) return identity
    requireSpender(identity)
    if (identity.credential !== 'payment') await payments.take(req, res, identity.payers[0])
    return identity
  }

  async function orOffer<Result>(req: Request, res: Response, steps: bigint, paying: Promise<Result>): Promise<Result> {
    try {
      return await paying
    } catch (error) {
      if (!(error instanceof InsufficientCreditsError)) throw error
      const { needed, available, account } = error
      payments.offer(req, res, { needed: needed * steps, available })
      throw new InsufficientCreditsError({ needed, available, account, hint: toTopUpHint(account, topUpWays) })
    }
  }
}

/** A question with tools is seldom answered in one: whoever pays for this request alone is to have its answer. */
const USUAL_STEPS = 3n

/** Who names no caller may pay, and has not. */
function nobodyPays(needed: bigint): InsufficientCreditsError {
  return new InsufficientCreditsError({
    needed,
    available: 0n,
    account: 'none',
    hint: 'Pay as PAYMENT-REQUIRED says, or send an API key.',
  })
}
