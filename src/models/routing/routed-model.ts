import { BackendError, type BackendErrorKind, ContextLengthError } from '../../errors.ts'
import type { Model, ModelEvent, ModelRequest } from '../model.ts'
import type { Backend, OnBackend } from './backend.ts'
import { BenchedError } from './breaker.ts'
import { checkBackends, toModelHealth } from './check-backends.ts'
import { findFit, isRoomier, refuseTools, toContextTokens } from './fit.ts'
import { createLane, type Lane, type Opened, openLane, tellFailure, toOwnJob } from './lane.ts'
import { isCuredByWaiting, mostTelling } from './most-telling.ts'
import { orderLanes, putFirst } from './order-lanes.ts'
import { DEFAULT_PATIENCE, type Patience, waitForRound } from './patience.ts'
import { type Place, takeFree, waitForPlace } from './place.ts'
import { watchFirst } from './watch-first.ts'

export type RoutedModelOptions = {
  /** Public id. */
  id: string
  /** At least one. */
  backends: readonly Backend[]
  /** Failures on which the next backend is asked. */
  retryOn?: readonly BackendErrorKind[]
  /** Most tokens of an answer. */
  answerTokens?: number | undefined
  onBackend?: OnBackend | undefined
  /** How long a caller waits for a place where all backends are full; patient ones wait on. */
  placeWaitMs?: number
  patience?: Patience
  /** From 0 up to 1. */
  random?: () => number
}

export const DEFAULT_RETRY_ON: readonly BackendErrorKind[] = ['down', 'busy', 'warming']
const PLACE_WAIT_MS = 2_000

/**
 * A public model that one of several backends serves. The next one is asked until the first event of an answer has come, and
 * never after that: an answer is never pieced together. The calls of one run stay with the backend that has answered it, which
 * then has its prompt in its cache.
 */
export function createRoutedModel(options: RoutedModelOptions): Model {
  const { id, retryOn = DEFAULT_RETRY_ON, onBackend, answerTokens } = options
  const { placeWaitMs = PLACE_WAIT_MS, patience = DEFAULT_PATIENCE, random = Math.random } = options
  const isRetryable = (error: unknown) => error instanceof BackendError && retryOn.includes(error.kind)
  const hasOthers = options.backends.length > 1
  const lanes = options.backends.map((backend) =>
    createLane(backend, { modelId: id, hasOthers, isRetryable, onBackend }),
  )
  const [only] = lanes
  if (only === undefined) throw new TypeError(`The model '${id}' needs a backend`)
  /** By the signal of the run. */
  const homes = new WeakMap<AbortSignal, string>()

  /** @param isLast - nobody else is left to ask. */
  function toOwn(request: ModelRequest, lane: Lane, { isLast }: { isLast: boolean }): ModelRequest {
    const { tools, format, job, params } = request
    const { maxTokens = Number.POSITIVE_INFINITY } = params
    return {
      ...request,
      tools: lane.canCallTools === false ? [] : tools,
      format: lane.canWriteJson === false ? undefined : format,
      // One that waits by itself keeps the run from the others; once they have failed, nothing is better than to wait.
      patient: isLast && (request.patient ?? false),
      ...(answerTokens === undefined ? {} : { params: { ...params, maxTokens: Math.min(maxTokens, answerTokens) } }),
      ...(job === undefined ? {} : { job: toOwnJob(job, lane) }),
    }
  }

  /** One after the other, until one answers. */
  async function tryEach(request: ModelRequest): Promise<Opened & Place> {
    const { signal, patient } = request
    const usual = putFirst(orderLanes(lanes, random), homes.get(signal))
    let left = findFit(putFirst(usual, request.job?.known?.backend), request)
    const asked = left
    const errors: unknown[] = []
    while (left.length > 0) {
      const waitMs = patient ? Number.POSITIVE_INFINITY : placeWaitMs
      const place = takeFree(left) ?? (await waitForPlace(left, { signal, waitMs }))
      if (place === undefined) {
        errors.push(new BackendError(`The model '${id}' is busy. Please try again in a moment.`, { kind: 'busy' }))
        break
      }
      const { lane, release } = place
      left = left.filter((other) => other !== lane)
      try {
        signal.throwIfAborted()
        return { ...(await openLane(lane, toOwn(request, lane, { isLast: left.length === 0 }))), lane, release }
      } catch (error) {
        release()
        signal.throwIfAborted()
        if (error instanceof BenchedError) continue
        tellFailure(lane, error, signal)
        if (error instanceof ContextLengthError) left = left.filter((other) => isRoomier(other, lane))
        else if (!isRetryable(error)) throw error
        errors.push(error)
      }
    }
    if (errors.length > 0) throw mostTelling(errors)
    throw toBenched(mostTelling(asked.map(({ breaker }) => breaker?.lastError())))
  }

  function toBenched(cause: unknown): BackendError {
    if (cause instanceof BackendError) return new BackendError(cause.message, { kind: cause.kind, cause })
    return new BackendError(`The model '${id}' is busy. Please try again in a moment.`, { kind: 'busy', cause })
  }

  async function open(request: ModelRequest): Promise<Opened & Place> {
    for (let round = 1; ; round++) {
      try {
        return await tryEach(request)
      } catch (error) {
        request.signal.throwIfAborted()
        if (!request.patient || !isRetryable(error) || !isCuredByWaiting(error)) throw error
        await waitForRound(round, patience, { random, signal: request.signal })
      }
    }
  }

  async function* streamRouted(request: ModelRequest): AsyncGenerator<ModelEvent, void> {
    request.signal.throwIfAborted()
    const { lane, release, first, rest } = await open(request)
    homes.set(request.signal, lane.name)
    let isOver = false
    try {
      let next = first
      while (!next.done) {
        yield next.value.type === 'finished' ? { ...next.value, backend: lane.name } : next.value
        next = await rest.next()
      }
      isOver = true
    } catch (error) {
      isOver = true
      tellFailure(lane, error, request.signal)
      throw error
    } finally {
      if (!isOver) await rest.return?.()
      release()
    }
  }

  /** The one backend there is, at the cost of the call that opens the stream. */
  function streamPlain(lane: Lane, request: ModelRequest): AsyncIterable<ModelEvent> {
    const events = lane.model.stream(toOwn(request, lane, { isLast: true }))
    if (onBackend === undefined) return events
    return watchFirst(events, {
      onFirst: () => lane.tell({ type: 'ok' }),
      onError: (error) => tellFailure(lane, error, request.signal),
    })
  }

  const models = lanes.map(({ model }) => model)
  const isPlain = !hasOthers && only.slots === undefined
  return {
    id,
    backend: lanes.map(({ name }) => name).join(', '),
    contextTokens: toContextTokens(lanes),
    stream: (request) => {
      refuseTools(id, lanes, request)
      return isPlain && !request.patient ? streamPlain(only, request) : streamRouted(request)
    },
    cancelJob: async (job, signal) => {
      const model = models.find(({ backend }) => backend === job.backend)
      return (await model?.cancelJob?.(job, signal)) ?? false
    },
    check: async (signal) => toModelHealth(await checkBackends(models, signal)),
  }
}
