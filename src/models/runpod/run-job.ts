import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { BackendFailure } from '../backend-failure.ts'
import type { WarmUps } from '../warm-up.ts'
import type { Endpoint, EndpointState } from './endpoint.ts'
import { isPassing, type JobApi, type JobStatus } from './job-api.ts'

/** Has a job done and returns its output, whatever that holds. */
export type RunJob = (order: JobOrder) => Promise<unknown>

export type JobOrder = {
  /** JSON for `POST /run`. */
  body: string
  /** How long it may wait for a worker. */
  queueMs: number
  signal: AbortSignal
  job: JobHandle | undefined
}

/** A job that outlives this process. */
export type JobHandle = {
  /** Asked for in place of a new one. */
  knownId: string | undefined
  /** Resolves once the job will be found again. */
  keep(id: string): Promise<void>
  /** Whether it is left running when the order's signal fires for that reason. */
  goesOn(reason: unknown): boolean
}

export type RunJobDeps = {
  api: JobApi
  endpoint: Endpoint
  warmUps: WarmUps
  /** What the warm-up is of: the same for all processes that share the endpoint. */
  endpointName: string
  /** For a job from its start to its end, the queue included. */
  timeoutMs: number
  /** Between two looks at a job, at first and at most. */
  poll: { firstMs: number; mostMs: number }
}

/** No worker has taken the job in time, or will. It is not done, and no longer in the queue. */
export class NotServedError extends Error {
  override readonly name = 'NotServedError'
  /** Undefined where the endpoint did not say. */
  readonly state: EndpointState | undefined

  constructor(state: EndpointState | undefined) {
    super(`No worker took the job: ${state ?? 'unknown'}`)
    this.state = state
  }
}

/**
 * A job is submitted once: again only where it certainly was not taken, or where it was done and its output is nothing. While
 * an endpoint sleeps, one job wakes it, and the others are not submitted before it has.
 * @throws {@link NotServedError}, {@link BackendFailure}, the signal's reason, and what `keep` throws.
 */
export function createRunJob(deps: RunJobDeps): RunJob {
  const { api, endpoint, warmUps, endpointName, timeoutMs, poll } = deps

  return async ({ body, queueMs, signal, job }) => {
    const givesUpAtMs = performance.now() + queueMs
    // Where nobody can be asked who wakes the endpoint, a job whose id is to be kept waits: it could not be kept either.
    const warmUp = createWarmUp(warmUps, endpointName, { whenUnknown: job === undefined })
    const isLeft = () => signal.aborted && (job?.goesOn(signal.reason) ?? false)

    /** @throws {@link NotServedError} */
    function checkPatience(state: EndpointState | undefined): void {
      if (state === 'crashing' || performance.now() >= givesUpAtMs) throw new NotServedError(state)
    }

    async function submit(): Promise<string> {
      for (const backoff = createBackoff(poll); ; await backoff.wait(signal, givesUpAtMs)) {
        const state = await endpoint.state()
        // A job that is sent now may be taken without a word; as long as none is sent, another backend may be asked, or later.
        if (state === 'away') throw new NotServedError(state)
        checkPatience(state)
        const isCold = state !== undefined && state !== 'awake'
        if (isCold && !(await warmUp.take())) continue
        const id = await post()
        if (id !== undefined) return id
      }
    }

    /** Undefined where it was not taken because there are too many now. */
    async function post(): Promise<string | undefined> {
      signal.throwIfAborted()
      const taken = await api.run(body).catch((error) => {
        if (isTooMany(error)) return undefined
        endpoint.noteSilent()
        throw error
      })
      if (taken === undefined) return undefined
      try {
        if (signal.aborted && !isLeft()) throw signal.reason
        await job?.keep(taken.id)
        return taken.id
      } catch (error) {
        void api.cancel(taken.id)
        throw error
      }
    }

    async function follow(id: string): Promise<JobStatus> {
      const status = await untilEnded(id).catch((error) => {
        if (!isLeft()) void api.cancel(id)
        throw error
      })
      if (status.status === 'COMPLETED') endpoint.noteAwake()
      warmUp.free()
      return status
    }

    async function untilEnded(id: string): Promise<JobStatus> {
      const endsAtMs = performance.now() + timeoutMs
      const backoff = createBackoff(poll)
      let isQueued = true
      if (id !== job?.knownId) await backoff.wait(signal, endsAtMs)
      for (;;) {
        const status = await look(id)
        if (status === undefined) backoff.slowDown()
        else if (ENDED.has(status.status)) return status
        else {
          isQueued = status.status === 'IN_QUEUE'
          if (WORKING.has(status.status)) endpoint.noteAwake()
        }
        if (isQueued) await stayInQueue()
        else warmUp.free()
        if (performance.now() >= endsAtMs) {
          throw isQueued ? new NotServedError(await endpoint.state()) : new BackendFailure('silent')
        }
        await backoff.wait(signal, isQueued ? Math.min(endsAtMs, givesUpAtMs) : endsAtMs)
      }
    }

    /** Undefined where it could not be seen this time, which says nothing about the job. */
    async function look(id: string): Promise<JobStatus | undefined> {
      try {
        return await api.status(id, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (isPassing(error)) {
          if (!isTooMany(error)) endpoint.noteSilent()
          return undefined
        }
        const isGone = error instanceof BackendFailure && error.status === 404
        throw isGone ? new BackendFailure('broken', { cause: error }) : error
      }
    }

    async function stayInQueue(): Promise<void> {
      const state = await endpoint.state()
      signal.throwIfAborted()
      checkPatience(state)
      if (state === 'awake') warmUp.free()
      else if (state !== undefined && state !== 'away') await warmUp.take()
    }

    try {
      const known = job?.knownId === undefined ? undefined : await follow(job.knownId)
      // One that was cancelled, by the run that gave up on it or by hand, is not done by anybody.
      const first = known === undefined || known.status === 'CANCELLED' ? await follow(await submit()) : known
      if (!isNothing(toOutput(first))) return first.output
      const second = await follow(await submit())
      if (isNothing(toOutput(second))) throw new BackendFailure('broken')
      return second.output
    } finally {
      // A job that is left in the queue goes on waking the endpoint.
      if (!isLeft()) warmUp.free()
    }
  }
}

const isTooMany = (error: unknown) => error instanceof BackendFailure && error.status === 429

function createWarmUp(warmUps: WarmUps, name: string, { whenUnknown }: { whenUnknown: boolean }) {
  const holder = randomUUID()
  let isHeld = false
  return {
    async take(): Promise<boolean> {
      try {
        isHeld = await warmUps.take(name, holder, WARM_UP_MS)
        return isHeld
      } catch {
        isHeld = true // it may be
        return whenUnknown
      }
    },
    free(): void {
      if (isHeld) warmUps.free(name, holder).catch(() => undefined)
      isHeld = false
    },
  }
}

/** Longer than the longest pause between two looks. */
const WARM_UP_MS = 30_000

/** Pauses that grow, each a little different, so that those who wait together do not ask together. */
function createBackoff({ firstMs, mostMs }: RunJobDeps['poll']) {
  let pauseMs = firstMs
  let isSlow = false
  return {
    /** The next pause is longer than any other. */
    slowDown(): void {
      isSlow = true
    },
    async wait(signal: AbortSignal, untilMs: number): Promise<void> {
      const ms = Math.min((isSlow ? 2 : 1) * pauseMs * (0.8 + 0.4 * Math.random()), untilMs - performance.now())
      isSlow = false
      pauseMs = Math.min(1.5 * pauseMs, mostMs)
      try {
        await delay(Math.max(0, ms), undefined, { signal })
      } catch {
        signal.throwIfAborted()
      }
    },
  }
}

const WORKING = new Set(['IN_PROGRESS', 'RUNNING'])
/** Any other state is one of a job that goes on. */
const ENDED = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'])

function toOutput({ status, output, error }: JobStatus): unknown {
  switch (status) {
    case 'COMPLETED':
      return output
    case 'TIMED_OUT':
      throw new BackendFailure('silent')
    case 'FAILED':
      throw new BackendFailure('crashed', { upstreamText: typeof error === 'string' ? error : JSON.stringify(error) })
    default:
      throw new BackendFailure('broken')
  }
}

function isNothing(output: unknown): boolean {
  if (Array.isArray(output)) return output.every(isNothing)
  if (output === undefined || output === null || output === '') return true
  return typeof output === 'object' && Object.keys(output).length === 0
}
