import { conflict, GatewayError, RunGoesOnError } from '../errors.ts'
import { isEnd } from './is-end.ts'
import { OUTAGE_MS, outlastOutage } from './outlast-outage.ts'
import type { RunEvent } from './run.ts'
import type { RunNews } from './run-news.ts'
import type { RunOutcome, RunRecord } from './run-record.ts'
import type { RunDesk } from './run-store.ts'
import { fromStoredError } from './stored-error.ts'

export type FollowRunDeps = { store: Pick<RunDesk, 'find' | 'events' | 'abandon'>; news: RunNews }

export type FollowOptions = {
  signal: AbortSignal
  /** Give up after this long, and let the run go on for a while. */
  waitMs?: number | undefined
}

/**
 * Waits for a run that is done elsewhere, and tells it as if it were done here: its steps as they are recorded, the answer once
 * it has ended. As long as somebody waits, the run is not taken for abandoned.
 * @throws what the run ended with; where the wait is over first, what it is waiting for, with a Retry-After.
 */
export type FollowRun = (run: Pick<RunRecord, 'id' | 'caller'>, options: FollowOptions) => AsyncIterable<RunEvent>

/** Longer than an SDK takes to come back after a broken connection, or after the Retry-After it was told. */
const WAITED_FOR_MS = 45_000
const KEEP_WAITED_MS = 15_000
const LEFT_MS = 30_000

export function createFollowRun({ store, news }: FollowRunDeps): FollowRun {
  return async function* followRun({ id, caller }, { signal, waitMs }) {
    const waited = waitMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
    const ask = <Result>(read: () => Promise<Result>) =>
      outlastOutage(read, AbortSignal.any([waited, AbortSignal.timeout(OUTAGE_MS)]))
    const keep = (ms: number) => store.abandon(id, ms).catch(() => {}) // the next one may reach the store
    const keeping = setInterval(() => keep(WAITED_FOR_MS), KEEP_WAITED_MS)
    const watch = news.watch(id)
    let seen = 0
    let hasEnded = false
    try {
      void keep(WAITED_FOR_MS)
      for (;;) {
        const events = await ask(() => store.events(caller, id, seen))
        for (const event of events ?? []) {
          seen = event.seq
          hasEnded ||= isEnd(event)
          if (event.type === 'step_finished') yield { type: 'step_finished', step: event.step, usage: event.usage }
        }
        if (hasEnded || events === undefined) {
          const run = await ask(() => store.find(caller, id))
          if (run?.outcome == null) throw runGone()
          yield* retell(run.outcome, run.endedAtMs)
          return
        }
        await watch.next(waited)
      }
    } catch (error) {
      if (signal.aborted && signal.reason instanceof GatewayError) throw toGoesOn(signal.reason)
      if (!waited.aborted || signal.aborted) throw error
      const run = await store.find(caller, id)
      throw run === undefined ? error : toStillRunning(run)
    } finally {
      clearInterval(keeping)
      watch.stop()
      if (!hasEnded) void keep(waited.aborted && !signal.aborted ? WAITED_FOR_MS : LEFT_MS)
    }
  }
}

/** A run that has ended, as it was told, or would have been. */
export function* retell(outcome: RunOutcome, endedAtMs: number | null): Generator<RunEvent> {
  if (outcome.state === 'cancelled') {
    throw conflict('run_cancelled', 'The run was cancelled.')
  }
  if (outcome.state !== 'completed') throw fromStoredError(outcome.error)
  const { text, toolCalls, reason, usage, trace } = outcome
  if (text !== null) yield { type: 'text', text }
  for (const call of toolCalls) yield { type: 'client_call', call }
  yield { type: 'completed', reason, usage, trace, ...(endedAtMs !== null && { endedAtMs }) }
}

/** What a caller hears who cannot wait longer. An SDK that tries again joins the run, as it goes on for a while. */
function toStillRunning({ id, model, state, steps }: RunRecord): GatewayError {
  const after = `The run goes on for a while (${id}), and an OpenAI SDK that tries again joins it; other clients ask in the background.`
  if (state === 'queued') {
    return new RunGoesOnError(`No worker has taken the run yet: it is still in the queue. ${after}`, {
      status: 503,
      code: 'server_overloaded',
      type: 'service_unavailable_error',
      retryAfterSec: 15,
    })
  }
  if (steps === 0) {
    return new RunGoesOnError(`The model '${model}' is warming up, and has not begun to answer. ${after}`, {
      status: 502,
      code: 'model_warming_up',
      type: 'upstream_error',
      retryAfterSec: 15,
    })
  }
  return new RunGoesOnError(`The model '${model}' is still working on the answer. ${after}`, {
    status: 504,
    code: 'model_timeout',
    type: 'timeout_error',
    retryAfterSec: 5,
  })
}

/** The process stops; the run does not. */
function toGoesOn({ message, status, code, type }: GatewayError): RunGoesOnError {
  return new RunGoesOnError(message, { status, code, type, retryAfterSec: 1 })
}

function runGone(): GatewayError {
  return new GatewayError('The run is no longer kept.', { status: 404, code: null })
}
