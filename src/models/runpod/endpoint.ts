import { BackendFailure } from '../backend-failure.ts'
import type { EndpointHealth, JobApi } from './job-api.ts'

/** What a job that waits is waiting for. */
export type EndpointState =
  /** Workers are up, and busy with other jobs. */
  | 'awake'
  /** None is up: a job makes one start. */
  | 'asleep'
  | 'starting'
  /** None can start before a GPU is free. */
  | 'no_gpu'
  /** They start and fail, again and again. */
  | 'crashing'
  /** RunPod itself cannot be reached, as far as its word on the endpoint goes. */
  | 'away'

export type Endpoint = {
  /** Undefined where the endpoint does not say. Many who ask at once cost one request. Never rejects. */
  state(): Promise<EndpointState | undefined>
  /** A job has left the queue. */
  noteAwake(): void
  /** RunPod has not answered: whether it is there is asked anew. */
  noteSilent(): void
}

export type EndpointOptions = {
  api: Pick<JobApi, 'health'>
  /** What was heard is good for so long. */
  freshMs: number
  /** Workers that are unhealthy for so long do not get well by themselves. */
  unhealthyMs: number
}

export function createEndpoint({ api, freshMs, unhealthyMs }: EndpointOptions): Endpoint {
  const isCrashing = createCrashWatch(unhealthyMs)
  let known: { untilMs: number; state: Promise<EndpointState | undefined>; isHeard: boolean } | undefined

  async function ask(): Promise<EndpointState | undefined> {
    try {
      const health = await api.health()
      return isCrashing(health) ? 'crashing' : toEndpointState(health)
    } catch (error) {
      return isAway(error) ? 'away' : undefined
    }
  }

  return {
    state() {
      if (known === undefined || performance.now() >= known.untilMs) {
        known = { state: ask(), untilMs: performance.now() + freshMs, isHeard: true }
      }
      return known.state
    },
    noteAwake() {
      known = { state: Promise.resolve('awake'), untilMs: performance.now() + AWAKE_LOOKS * freshMs, isHeard: false }
    },
    noteSilent() {
      if (known?.isHeard === false) known = undefined
    },
  }
}

export function toEndpointState({ awake, initializing, throttled }: EndpointHealth): EndpointState {
  if (awake > 0) return 'awake'
  if (initializing > 0) return 'starting'
  return throttled > 0 ? 'no_gpu' : 'asleep'
}

/** Nobody answered, or a proxy in RunPod's place. */
function isAway(error: unknown): boolean {
  if (!(error instanceof BackendFailure)) return false
  return error.kind === 'unreachable' || [502, 503, 504].includes(error.status ?? 0)
}

/** RunPod lets an idle worker live for 5 s where nothing else is set: shorter than that. */
const AWAKE_LOOKS = 3

/**
 * Tells from one look at an endpoint to the next whether its workers crash: those that are there are unhealthy and stay so,
 * or workers for a waiting job have ended in their start twice. After a while it is given another chance.
 */
function createCrashWatch(unhealthyMs: number): (health: EndpointHealth) => boolean {
  let wasStarting = false
  let failedStarts = 0
  let unhealthySinceMs: number | undefined
  let crashingUntilMs = 0

  return ({ awake, initializing, throttled, unhealthy, jobsInQueue }) => {
    const nowMs = performance.now()
    const isStarting = initializing > 0
    const isDown = awake === 0 && !isStarting && jobsInQueue > 0
    if (awake > 0) failedStarts = 0
    else if (wasStarting && isDown && throttled === 0) failedStarts++
    wasStarting = isStarting
    unhealthySinceMs = isDown && unhealthy > 0 ? (unhealthySinceMs ?? nowMs) : undefined

    const isSick = unhealthySinceMs !== undefined && nowMs - unhealthySinceMs >= unhealthyMs
    if (failedStarts >= STARTS_TO_FAIL || isSick) {
      failedStarts = 0
      unhealthySinceMs = undefined
      crashingUntilMs = nowMs + CRASHING_MS
    }
    if (awake > 0) crashingUntilMs = 0
    return nowMs < crashingUntilMs
  }
}

const STARTS_TO_FAIL = 2
const CRASHING_MS = 30_000
