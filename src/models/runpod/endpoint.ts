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

export type Endpoint = {
  /** Undefined where the endpoint does not say. Many who ask at once cost one request. Never rejects. */
  state(): Promise<EndpointState | undefined>
  /** A job has left the queue. */
  noteAwake(): void
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
  let known: { untilMs: number; state: Promise<EndpointState | undefined> } | undefined

  async function ask(): Promise<EndpointState | undefined> {
    const health = await api.health().catch(() => undefined)
    if (health === undefined) return undefined
    return isCrashing(health) ? 'crashing' : toEndpointState(health)
  }

  const keep = (state: Promise<EndpointState | undefined>, ms: number) => {
    known = { state, untilMs: performance.now() + ms }
    return state
  }

  return {
    state: () => (known !== undefined && performance.now() < known.untilMs ? known.state : keep(ask(), freshMs)),
    noteAwake: () => void keep(Promise.resolve('awake'), AWAKE_LOOKS * freshMs),
  }
}

export function toEndpointState({ awake, initializing, throttled }: EndpointHealth): EndpointState {
  if (awake > 0) return 'awake'
  if (initializing > 0) return 'starting'
  return throttled > 0 ? 'no_gpu' : 'asleep'
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
