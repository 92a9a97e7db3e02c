import { EventEmitter, once, setMaxListeners } from 'node:events'
import { GatewayError } from '../../errors.ts'
import type { InputItem } from './input-items.ts'
import type { ResponseEvent } from './response-event.ts'
import type { WireResponse } from './response-object.ts'

/** Runs that nobody needs to wait for. They end with the process. */
export type BackgroundRuns = {
  /**
   * Starts `work`, which tells what happens and stops when its signal aborts. It keeps what it made, and does not reject.
   * @throws {@link GatewayError} 429 where too many are running, of all callers or of this one; 503 where the gateway is closing.
   */
  start(start: BackgroundStart): BackgroundRun
  /** A run that has not ended. */
  find(caller: string, id: string): BackgroundRun | undefined
  /** Takes no more, and lets those that run end; once `signal` fires they are stopped. */
  drain(signal: AbortSignal): Promise<void>
}

type BackgroundStart = {
  caller: string
  id: string
  input: readonly InputItem[]
  response: () => WireResponse
  /** Whether its events can be followed. They are remembered until the run ends. */
  streams: boolean
  work: (tell: (events: readonly ResponseEvent[]) => void, signal: AbortSignal) => Promise<void>
}

export type BackgroundRun = {
  response(): WireResponse
  readonly input: readonly InputItem[]
  readonly streams: boolean
  /** All events after that number, as they happen. */
  follow(after: number, signal: AbortSignal): AsyncGenerator<ResponseEvent>
  /** Resolves when it has stopped and is kept. */
  cancel(): Promise<void>
}

/** Why a run's signal was aborted, where its caller asked for it. */
export class ResponseCancelledError extends Error {}

export function createBackgroundRuns({ maxRunning = 64, maxRunningOfCaller = 16 } = {}): BackgroundRuns {
  const running = new Map<string, RunningRun>()
  let isClosing = false
  const toKey = (caller: string, id: string) => JSON.stringify([caller, id])

  return {
    start({ caller, id, input, response, streams, work }) {
      if (isClosing) throw new GatewayStoppedError('The gateway is closing, and starts no more background responses.')
      if (running.size >= maxRunning) throw new TooManyRunsError('background responses', maxRunning)
      if ([...running.values()].filter((other) => other.caller === caller).length >= maxRunningOfCaller) {
        throw new TooManyRunsError('of your background responses', maxRunningOfCaller)
      }
      const events: ResponseEvent[] = []
      const news = new EventEmitter()
      setMaxListeners(0, news)
      const controller = new AbortController()
      let isOver = false
      const tell = (told: readonly ResponseEvent[]) => {
        if (!streams) return
        events.push(...told)
        news.emit('news')
      }
      const ended = work(tell, controller.signal).finally(() => {
        isOver = true
        running.delete(toKey(caller, id))
        news.emit('news')
      })
      const run: BackgroundRun = {
        response,
        input,
        streams,
        async *follow(after, signal) {
          for (let at = 0; ; ) {
            for (; at < events.length; at++) {
              const event = events[at]
              if (event !== undefined && event.sequence_number > after) yield event
            }
            if (isOver) return
            await once(news, 'news', { signal })
          }
        },
        async cancel() {
          controller.abort(new ResponseCancelledError('The response was cancelled.'))
          await ended
        },
      }
      running.set(toKey(caller, id), { caller, run, stop: (reason) => controller.abort(reason), ended })
      return run
    },
    find: (caller, id) => running.get(toKey(caller, id))?.run,
    async drain(signal) {
      isClosing = true
      const left = [...running.values()]
      const stop = () => {
        for (const { stop } of left)
          stop(new GatewayStoppedError('The gateway was stopped before the response was complete.'))
      }
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      await Promise.all(left.map(({ ended }) => ended))
      signal.removeEventListener('abort', stop)
    },
  }
}

type RunningRun = { caller: string; run: BackgroundRun; stop(reason: unknown): void; ended: Promise<void> }

class TooManyRunsError extends GatewayError {
  constructor(which: string, max: number) {
    super(`Too many ${which} are running: ${max} at most. Try again when one has ended.`, {
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'rate_limit_error',
      retryAfterSec: 10,
    })
  }
}

class GatewayStoppedError extends GatewayError {
  constructor(message: string) {
    super(message, {
      status: 503,
      code: 'server_stopped',
      type: 'service_unavailable_error',
    })
  }
}
