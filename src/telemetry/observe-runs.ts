import type { Journal } from '../runs/journal.ts'
import type { ExecuteRun, RunEvent, RunOrder } from '../runs/run.ts'

/** Hears of one run what it needs for figures and traces. It never hears of text, of which there is much. */
export type RunObserver = {
  /** @param isReplayed - it is told again from the journal: nothing was done. */
  onEvent(event: ObservedEvent, isReplayed: boolean): void
  /** The last call: after `completed`, after a throw, or when nobody listens any more. */
  onEnd(end: RunEnd): void
}

export type ObservedEvent = Exclude<RunEvent, { type: 'text' }>

/** `left`: the caller is gone, or the run goes on elsewhere. */
export type RunEnd = { type: 'completed' } | { type: 'failed'; error: unknown } | { type: 'left'; reason: unknown }

/** Undefined where there is nothing to observe. */
export type ObserveRun = (order: RunOrder, journal: Journal | undefined) => RunObserver | undefined

/** Runs as `executeRun` does, watched. What an observer throws is swallowed: it is not worth a run. */
export function observeRuns(executeRun: ExecuteRun, observers: readonly ObserveRun[]): ExecuteRun {
  return (order, signal, journal) => {
    const events = executeRun(order, signal, journal)
    const watching = observers.flatMap((observe) => observe(order, journal) ?? [])
    return watching.length === 0 ? events : watchEvents(events, { signal, journal, watching })
  }
}

type Watch = { signal: AbortSignal; journal: Journal | undefined; watching: readonly RunObserver[] }

/** No generator: one more of those costs each token several turns of the event loop's queue. */
function watchEvents(events: AsyncIterable<RunEvent>, { signal, journal, watching }: Watch): AsyncIterable<RunEvent> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = events[Symbol.asyncIterator]()
      const isReplayed = createReplayCheck(journal)
      let isOver = false

      function end(how: RunEnd): void {
        if (isOver) return
        isOver = true
        for (const observer of watching) quietly(() => observer.onEnd(how))
      }
      function hear(result: IteratorResult<RunEvent>): IteratorResult<RunEvent> {
        if (result.done) {
          end({ type: 'left', reason: signal.reason })
          return result
        }
        const { value: event } = result
        if (event.type === 'text') return result
        const replayed = isReplayed(event)
        for (const observer of watching) quietly(() => observer.onEvent(event, replayed))
        if (event.type === 'completed') end({ type: 'completed' })
        return result
      }
      function fail(error: unknown): never {
        end(signal.aborted ? { type: 'left', reason: signal.reason } : { type: 'failed', error })
        throw error
      }

      return {
        next: () => iterator.next().then(hear, fail),
        async return() {
          await iterator.return?.()
          end({ type: 'left', reason: signal.reason })
          return { done: true, value: undefined }
        },
      }
    },
  }
}

/** What a journal has recorded before comes first, and is told again. */
function createReplayCheck(journal: Journal | undefined): (event: ObservedEvent) => boolean {
  if (journal === undefined) return () => false
  const { recordedSteps } = journal
  const replayedCalls = new Set<string>()
  return (event) => {
    switch (event.type) {
      case 'step_started':
      case 'step_finished':
        return event.step <= recordedSteps
      case 'tool_started':
        // A call of an earlier try has its duration before it is made.
        if (journal.durationMs(event.call.id) === undefined) return false
        replayedCalls.add(event.call.id)
        return true
      case 'tool_finished':
        return replayedCalls.has(event.call.id)
      default:
        return false
    }
  }
}

function quietly(tell: () => void): void {
  try {
    tell()
  } catch {
    // A figure is missing; the run goes on.
  }
}
