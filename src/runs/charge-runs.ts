import { setTimeout as delay } from 'node:timers/promises'
import type { RunTill } from '../accounts/ledger/create-run-till.ts'
import { extendHold } from '../accounts/ledger/extend-hold.ts'
import { type FoundHold, findHold } from '../accounts/ledger/find-hold.ts'
import type { LedgerDb } from '../accounts/ledger/ledger-db.ts'
import type { RunDone } from '../accounts/ledger.ts'
import { price } from '../accounts/price.ts'
import { toStoreError } from '../db/store-error.ts'
import { GatewayError } from '../errors.ts'
import { addUsage } from '../messages.ts'
import { createPromptEstimate } from '../models/estimate-tokens.ts'
import type { Model, ModelEvent, ModelRequest } from '../models/model.ts'
import type { Models } from '../models/models.ts'
import { answerTokens } from './billing.ts'
import { isUncharged } from './is-uncharged.ts'
import { OUTAGE_MS, outlastOutage } from './outlast-outage.ts'
import type { ExecuteRun, RunEvent, RunOrder } from './run.ts'
import { LostClaimError, RunEndedError } from './run-store.ts'
import { createRunTally } from './run-tally.ts'
import { isCancelled } from './store/is-cancelled.ts'

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
    const events = executeRun({ ...order, model: tab.model, canAfford: tab.canAfford }, stop.signal, journal)
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
          else if (signal.reason instanceof RunEndedError || (await wasCancelled(error))) await tab.settle('cancelled')
        }
        /** A write that was refused does not say whether the run has ended, or goes on with another worker. */
        async function wasCancelled(error: unknown): Promise<boolean> {
          const isLost = [error, signal.reason].some((reason) => reason instanceof LostClaimError)
          return isLost && isCancelled(deps.db, order.id).catch(() => false) // the upkeep settles it then, by what is recorded
        }
        async function hear(result: IteratorResult<RunEvent>): Promise<IteratorResult<RunEvent>> {
          if (result.done) return result
          tab.note(result.value)
          if (result.value.type === 'completed') await end('completed')
          return result
        }

        return {
          next: async () => {
            tab.noteSent()
            try {
              return await hear(await iterator.next())
            } catch (error) {
              await end(signal.aborted && !isOurs(signal) ? 'left' : 'failed', error)
              throw error
            }
          },
          /** The caller has left: the model is stopped, and what it had written by then is charged. */
          async return() {
            if (!isOver) {
              stop.abort(new DOMException('Nobody reads the run any more.', 'AbortError'))
              await Promise.race([drain(iterator, tab.note), delay(DRAIN_MS, undefined, { ref: false })])
              await end(isOurs(signal) ? 'failed' : 'left', signal.reason)
            }
            await iterator.return?.()
            return { done: true, value: undefined }
          },
        }
      },
    }
  }
}

/** Whether it was us who broke the answer off, and not its caller. */
const isOurs = ({ reason }: AbortSignal): boolean => reason instanceof GatewayError

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
  /** Writes no more than is paid for. */
  model: Model
  canAfford(step: { promptTokens: number }): Promise<boolean>
  note(event: RunEvent): void
  /** Whoever asks for the next event has sent those before. */
  noteSent(): void
  settle(outcome: RunDone['outcome'], error?: unknown): Promise<void>
}

function createTab(order: RunOrder, { db, till, models, onError }: ChargeRunsDeps): Tab {
  let hold: FoundHold | undefined = order.hold
  let isKnown = hold !== undefined
  let isDelivered = false
  const tally = createRunTally()

  /** That of a kept run is in the store alone. */
  async function look(): Promise<FoundHold | undefined> {
    try {
      if (!isKnown) hold = await findHold(db, order.id)
    } catch (error) {
      throw toStoreError(error)
    }
    isKnown = true
    return hold
  }

  async function canAfford({ promptTokens }: { promptTokens: number }): Promise<boolean> {
    try {
      const known = await look()
      if (known === undefined) return true // nothing is to be paid
      const listing = models.list().find(({ model }) => model.id === order.model.id) ?? { model: order.model }
      const { usage, tools } = tally.done()
      const { least, most } = answerTokens(order, listing, promptTokens)
      for (const completionTokens of new Set([most, least])) {
        const needed = price({ usage: addUsage(usage, { promptTokens, completionTokens }), tools }, known.terms)
        if (needed <= known.amount) return true
        if (await extendHold(db, known, needed)) {
          hold = { ...known, amount: needed }
          return true
        }
      }
      return false
    } catch (error) {
      throw toStoreError(error)
    }
  }

  /**
   * Tells the backend to write no more than is paid for: what it wrote beyond would be the house's. It answers in pieces, as what
   * it has written by then is charged where its caller leaves.
   */
  function confine(request: ModelRequest): ModelRequest {
    if (hold === undefined) return request
    const { params, messages, tools: offered } = request
    const promptTokens = estimatePrompt(messages, offered)
    const most = affordableTokens(hold, tally.done(), promptTokens)
    const { contextTokens = Number.MAX_SAFE_INTEGER } = order.model
    if (most === undefined) return request
    const isWithin = most >= (params.maxTokens ?? contextTokens - promptTokens)
    const confined = isWithin ? params : { ...params, maxTokens: Math.max(1, most) }
    return { ...request, whole: false, params: confined }
  }

  const { model } = order
  const confined: Model = {
    ...model,
    stream: (request) => (isKnown ? model.stream(confine(request)) : lookThenStream(request)),
  }

  async function* lookThenStream(request: ModelRequest): AsyncGenerator<ModelEvent> {
    await look()
    yield* model.stream(confine(request))
  }

  function noteSent(): void {
    isDelivered ||= order.stream && tally.hasTold()
  }

  async function settle(outcome: RunDone['outcome'], error?: unknown): Promise<void> {
    const status = error instanceof GatewayError ? error.status : 500
    const work = { ...tally.done(), outcome }
    const done: RunDone = { ...work, isUncharged: isUncharged(work, { status, isDelivered }) }
    const write = async () => {
      const known = await look()
      if (known !== undefined) await till.settle(known, done)
    }
    try {
      await write()
    } catch {
      // The answer is there, and its caller need not wait for the store: until the hold is taken for lost, it is tried again.
      outlastOutage(write, AbortSignal.timeout(OUTAGE_MS)).catch((lost: unknown) => onError(order.id, lost))
    }
  }

  return { model: confined, canAfford, note: tally.note, noteSent, settle }
}

/** Of a step with that prompt, by what is held; undefined where they cost nothing. */
function affordableTokens(
  { amount, terms }: FoundHold,
  { usage, tools }: Pick<RunDone, 'usage' | 'tools'>,
  promptTokens: number,
): number | undefined {
  const { completionPerMillion } = terms.rates
  if (completionPerMillion === 0n) return undefined
  const left = amount - price({ usage: addUsage(usage, { promptTokens, completionTokens: 0 }), tools }, terms)
  return Number((left * 1_000_000n) / completionPerMillion)
}

/** Tools stand in every prompt, and are counted once. */
const estimatePrompt = createPromptEstimate()
