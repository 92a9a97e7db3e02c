import { GatewayError } from '../errors.ts'
import type { ToolCall } from '../messages.ts'
import type { Models } from '../models/models.ts'
import { isNobodysFault } from './is-nobodys-fault.ts'
import { createJournal } from './journal.ts'
import { outlastOutage } from './outlast-outage.ts'
import type { ExecuteRun, RunCompleted, RunEvent, RunOrder } from './run.ts'
import type { RunOutcome, RunRecord } from './run-record.ts'
import type { ClaimedRun, LostClaimError, RunEndedError, RunFloor } from './run-store.ts'
import { createRunTally } from './run-tally.ts'
import { toStoredError } from './stored-error.ts'

export type ConductRunDeps = {
  store: Pick<RunFloor, 'recordStep' | 'recordTool' | 'recordJob' | 'finish'>
  models: Pick<Models, 'find'>
  executeRun: ExecuteRun
  /** Hears of what a run died from, where that is more than its caller may know. */
  onError(run: RunRecord, error: unknown): void
}

/**
 * Works on a run until it has ended, well or not, and is stored as such: that is what it returns.
 * @param tell - hears what happens, for a caller who reads along; the end is told after it is stored.
 * @throws where the run has not ended here: a {@link LostClaimError} or {@link RunEndedError}, or the store is away.
 */
export type ConductRun = (
  claimed: ClaimedRun,
  signal: AbortSignal,
  tell?: (event: RunEvent) => void,
) => Promise<RunRecord>

export function createConductRun({ store, models, executeRun, onError }: ConductRunDeps): ConductRun {
  return async (claimed, signal, tell) => {
    const { run } = claimed
    const failing = new AbortController()
    const joined = AbortSignal.any([signal, failing.signal])
    const journal = createJournal(store, claimed, { signal: joined, fail: (reason) => failing.abort(reason) })
    const tally = createRunTally()
    const finish = (outcome: RunOutcome) => outlastOutage(() => store.finish(claimed, outcome), signal)

    async function toOutcome(): Promise<{ outcome: RunOutcome; last: RunCompleted }> {
      let text: string | null = null
      const toolCalls: ToolCall[] = []
      const order = toOrder(claimed, models, tell !== undefined)
      for await (const event of executeRun(order, joined, journal)) {
        tally.note(event)
        if (event.type === 'text') text = (text ?? '') + event.text
        if (event.type === 'client_call') toolCalls.push(event.call)
        if (event.type === 'completed') {
          const { reason, usage, isEstimated, trace } = event
          const outcome: RunOutcome = {
            state: 'completed',
            model: order.model.id,
            text,
            toolCalls,
            reason,
            usage,
            ...(isEstimated && { isEstimated }),
            trace,
          }
          return { outcome, last: event }
        }
        tell?.(event)
      }
      throw new Error('the run ended without completing')
    }

    let done: Awaited<ReturnType<typeof toOutcome>>
    try {
      done = await toOutcome()
    } catch (thrown) {
      const error = joined.aborted ? joined.reason : thrown
      if (isNobodysFault(error)) throw error
      onError(run, error)
      const isRead = tell !== undefined && run.order.stream && tally.hasTold()
      return finish({ state: 'failed', error: toStoredError(error), ...(isRead && { used: tally.done() }) })
    }
    const ended = await finish(done.outcome)
    tell?.({ ...done.last, ...(ended.endedAtMs !== null && { endedAtMs: ended.endedAtMs }) })
    return ended
  }
}

function toOrder({ run, remainingMs }: ClaimedRun, models: Pick<Models, 'find'>, readsAlong: boolean): RunOrder {
  const listing = models.find(run.model)
  if (listing === undefined) {
    throw new GatewayError(`The model '${run.model}' is not served here any more.`, {
      status: 404,
      code: 'model_not_found',
      param: 'model',
    })
  }
  return {
    ...run.order,
    id: run.id,
    caller: run.caller,
    model: listing.model,
    stream: readsAlong && run.order.stream,
    runTimeoutMs: Math.max(1, remainingMs),
  }
}
