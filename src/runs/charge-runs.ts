import { setTimeout as delay } from 'node:timers/promises'
import type { RunTill } from '../accounts/ledger/create-run-till.ts'
import { extendHold } from '../accounts/ledger/extend-hold.ts'
import { type FoundHold, findHold } from '../accounts/ledger/find-hold.ts'
import type { LedgerDb } from '../accounts/ledger/ledger-db.ts'
import type { RunDone } from '../accounts/ledger.ts'
import { price } from '../accounts/price.ts'
import { toStoreError } from '../db/store-error.ts'
import { GatewayError } from '../errors.ts'
import { addUsage, NO_USAGE, type Usage } from '../messages.ts'
import type { Models } from '../models/models.ts'
import { mostCompletionTokens } from './billing.ts'
import { isUncharged } from './is-uncharged.ts'
import { OUTAGE_MS, outlastOutage } from './outlast-outage.ts'
import type { ExecuteRun, RunEvent, RunOrder } from './run.ts'
import { RunEndedError } from './run-store.ts'

export type ChargeRunsDeps = {
  db: LedgerDb
  till: Pick<RunTill, 'settle'>
  models: Pick<Models, 'list'>
  /** Hears of charges that could not be written. */
  onError(runId: string, error: unknown): void
}

/**
 * Runs as `executeRun` does, for credits: each further step is held for before the model is asked, and the run is settled once,
 * before its end is told, or when it breaks off. A run that is kept in the store is settled as it is stored as ended, and here
 * only where it was ended from elsewhere in the middle of a step.
 */
export function chargeRuns(executeRun: ExecuteRun, deps: ChargeRunsDeps): ExecuteRun {
  return (order, signal, journal) => {
    if (journal === undefined && order.hold === undefined) return executeRun(order, signal)
    const tab = createTab(order, deps)
    const stop = new AbortController()
    const onAbort = () => stop.abort(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    const events = executeRun({ ...order, canAfford: tab.canAfford }, stop.signal, journal)
    const isKept = journal !== undefined
    let isOver = false

    return {
      [Symbol.asyncIterator]() {
        const iterator = events[Symbol.asyncIterator]()

        async function end(outcome: RunDone['outcome'], error?: unknown): Promise<void> {
          if (isOver) return
          isOver = true
          signal.removeEventListener('abort', onAbort)
          if (!isKept) await tab.settle(outcome, error)
          else if (signal.reason instanceof RunEndedError) await tab.settle('cancelled')
        }
        async function hear(result: IteratorResult<RunEvent>): Promise<IteratorResult<RunEvent>> {
          if (result.done) return result
          tab.note(result.value)
          if (result.value.type === 'completed') await end('completed')
          return result
        }

        return {
          next: async () => {
            try {
              return await hear(await iterator.next())
            } catch (error) {
              const hasLeft = signal.aborted && !(signal.reason instanceof GatewayError)
              await end(hasLeft ? 'left' : 'failed', error)
              throw error
            }
          },
          /** The caller has left: the model is stopped, and what it had written by then is charged. */
          async return() {
            if (!isOver) {
              stop.abort(new DOMException('Nobody reads the run any more.', 'AbortError'))
              await Promise.race([drain(iterator, tab.note), delay(DRAIN_MS, undefined, { ref: false })])
              await end('left')
            }
            await iterator.return?.()
            return { done: true, value: undefined }
          },
        }
      },
    }
  }
}

/** A model that does not stop when it is told to is not waited for. */
const DRAIN_MS = 2_000

async function drain(iterator: AsyncIterator<RunEvent>, note: (event: RunEvent) => void): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await iterator.next()
      if (done) return
      note(value)
    }
  } catch {
    // It was stopped.
  }
}

type Tab = {
  canAfford(step: { promptTokens: number }): Promise<boolean>
  note(event: RunEvent): void
  settle(outcome: RunDone['outcome'], error?: unknown): Promise<void>
}

function createTab(order: RunOrder, { db, till, models, onError }: ChargeRunsDeps): Tab {
  let hold: FoundHold | undefined = order.hold
  let isKnown = hold !== undefined
  let usage: Usage = NO_USAGE
  let steps = 0
  let isEstimated = false
  let isDelivered = false
  const tools: Record<string, number> = {}

  /** That of a kept run is in the store alone. */
  async function look(): Promise<FoundHold | undefined> {
    if (!isKnown) hold = await findHold(db, order.id)
    isKnown = true
    return hold
  }

  async function canAfford({ promptTokens }: { promptTokens: number }): Promise<boolean> {
    try {
      const known = await look()
      if (known === undefined) return true // nothing is to be paid
      const listing = models.list().find(({ model }) => model.id === order.model.id) ?? { model: order.model }
      const next = { promptTokens, completionTokens: mostCompletionTokens(order, listing) }
      const needed = price({ usage: addUsage(usage, next), tools }, known.terms)
      if (needed <= known.amount) return true
      const isExtended = await extendHold(db, known, needed)
      if (isExtended) hold = { ...known, amount: needed }
      return isExtended
    } catch (error) {
      throw toStoreError(error)
    }
  }

  function note(event: RunEvent): void {
    switch (event.type) {
      case 'step_finished':
        steps = event.step
        usage = addUsage(usage, event.usage)
        isEstimated ||= event.isEstimated === true
        break
      case 'tool_finished':
        if (event.result.ok) tools[event.call.name] = (tools[event.call.name] ?? 0) + 1
        break
      case 'text':
      case 'client_call':
        isDelivered ||= order.stream && (event.type === 'client_call' || event.text !== '')
        break
    }
  }

  async function settle(outcome: RunDone['outcome'], error?: unknown): Promise<void> {
    const status = error instanceof GatewayError ? error.status : 500
    const isFree = isUncharged({ outcome, usage }, { status, isDelivered })
    const done: RunDone = { usage, tools, steps, outcome, isEstimated, isUncharged: isFree }
    const write = async () => {
      try {
        const known = await look()
        if (known !== undefined) await till.settle(known, done)
      } catch (thrown) {
        throw toStoreError(thrown)
      }
    }
    try {
      await write()
    } catch {
      // The answer is there, and its caller need not wait for the store: until the hold is taken for lost, it is tried again.
      outlastOutage(write, AbortSignal.timeout(OUTAGE_MS)).catch((lost: unknown) => onError(order.id, lost))
    }
  }

  return { canAfford, note, settle }
}
