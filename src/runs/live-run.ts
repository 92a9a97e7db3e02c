import { EventEmitter, once, setMaxListeners } from 'node:events'
import { GatewayError } from '../errors.ts'
import { retell } from './follow-run.ts'
import type { RunEvent } from './run.ts'
import type { RunRecord } from './run-record.ts'
import { RunEndedError } from './run-store.ts'

/** A run that this process works on, and that goes on when its caller leaves. */
export type LiveRun = {
  /** All that it tells, from its start. Leaving the iteration does not stop it. */
  events(signal: AbortSignal): AsyncIterable<RunEvent>
  /** Resolves when nothing more is done here. */
  ended: Promise<void>
}

/**
 * @param conduct - works on the run; resolves once it is stored as ended, rejects where it did not end here.
 * @param follow - how the run is told from the store, where it goes on elsewhere.
 */
export function startLiveRun(
  conduct: (tell: (event: RunEvent) => void) => Promise<RunRecord>,
  follow: (signal: AbortSignal) => AsyncIterable<RunEvent>,
): LiveRun {
  const told: RunEvent[] = []
  const news = new EventEmitter()
  setMaxListeners(0, news)
  let end: { run: RunRecord } | { moved: unknown } | undefined
  const tell = (event: RunEvent) => {
    told.push(event)
    news.emit('news')
  }
  const ended = conduct(tell)
    .then(
      (run) => {
        end = { run }
      },
      (moved: unknown) => {
        end = { moved }
      },
    )
    .finally(() => news.emit('news'))

  return {
    ended,
    async *events(signal) {
      let hasText = false
      for (let at = 0; ; ) {
        for (; at < told.length; at++) {
          const event = told[at] as RunEvent
          hasText ||= event.type === 'text'
          yield event
          if (event.type === 'completed') return
        }
        if (end !== undefined) break
        await once(news, 'news', { signal })
      }
      if ('run' in end) return yield* retell(end.run.outcome ?? { state: 'cancelled' }, end.run.endedAtMs)
      if (!hasText) return yield* follow(signal)
      // What was told here may not be how the answer goes on there; that it was cancelled is true of both.
      if (end.moved instanceof RunEndedError) await throwAsEnded(follow(signal))
      throw toMoved(end.moved)
    },
  }
}

/** @throws what the run ended with, where that is no answer. */
async function throwAsEnded(events: AsyncIterable<RunEvent>): Promise<void> {
  for await (const { type } of events) if (type === 'text' || type === 'client_call' || type === 'completed') return
}

function toMoved(cause: unknown): GatewayError {
  return new GatewayError(
    'The gateway stopped in the middle of the answer, which is finished elsewhere: send the same request again.',
    { status: 503, code: 'server_stopped', type: 'service_unavailable_error', retryAfterSec: 5, cause },
  )
}
