import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { BackendFailure } from '../backend-failure.ts'
import { createBackendFetch } from '../backend-fetch.ts'
import { createBackendAgent } from '../request-backend.ts'

/** RunPod's job API for one endpoint (https://docs.runpod.io/serverless/endpoints/operation-reference). */
export type JobApi = {
  /**
   * Takes no signal: a job that was taken while nobody listened would be billed, and could not be cancelled.
   * @throws {@link BackendFailure}: `unsure` where the job may have been taken all the same.
   */
  run(body: string): Promise<{ id: string }>
  /** @throws {@link BackendFailure} */
  status(id: string, signal: AbortSignal): Promise<JobStatus>
  /** Best effort, and never rejects. False where the job may still run: into its own limits, then. */
  cancel(id: string, signal?: AbortSignal): Promise<boolean>
  /** Starts nothing. @throws {@link BackendFailure} */
  health(signal?: AbortSignal): Promise<EndpointHealth>
}

export type JobApiOptions = {
  /** Without a trailing slash. */
  baseUrl: string
  endpointId: string
  apiKey: string
  connectTimeoutMs: number
}

export type JobStatus = { status: string; output: unknown; error: unknown }

/** How many of each. `unhealthy` are those that crashed. */
export type EndpointHealth = {
  jobsInQueue: number
  awake: number
  initializing: number
  throttled: number
  unhealthy: number
}

export function createJobApi({ baseUrl, endpointId, apiKey, connectTimeoutMs }: JobApiOptions): JobApi {
  const agent = createBackendAgent({ connectTimeoutMs })
  // A connection that was kept may be closed just as a job is sent over it: nobody would know whether it was taken.
  const freshAgent = createBackendAgent({ connectTimeoutMs, keepAlive: false })
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }

  async function ask(path: string, { signal, ms, body, isFresh }: Ask): Promise<unknown> {
    const limit = AbortSignal.timeout(ms)
    const joined = signal === undefined ? limit : AbortSignal.any([signal, limit])
    const fetch = createBackendFetch({ agent: isFresh ? freshAgent : agent, signal: joined })
    const init = body === undefined ? { headers } : { method: 'POST', headers, body }
    try {
      return await (await fetch(`${baseUrl}/${endpointId}${path}`, init)).json()
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof BackendFailure) throw error
      throw new BackendFailure(limit.aborted ? 'silent' : 'broken', { cause: error })
    }
  }

  return {
    async run(body) {
      try {
        return Taken.parse(await ask('/run', { ms: RUN_MS, body, isFresh: true }))
      } catch (error) {
        if (error instanceof BackendFailure && wasRefused(error)) throw error
        throw new BackendFailure('unsure', { cause: error })
      }
    },
    async status(id, signal) {
      const parsed = Status.safeParse(await ask(`/status/${encodeURIComponent(id)}`, { signal, ms: STATUS_MS }))
      if (!parsed.success) throw new BackendFailure('broken', { cause: parsed.error })
      const { status, output, error } = parsed.data
      return { status, output, error }
    },
    async cancel(id, signal) {
      const asked = { ...(signal && { signal }), ms: CANCEL_MS, body: '{}' }
      for (const pauseMs of CANCEL_PAUSES_MS) {
        await delay(pauseMs, undefined, { ...(signal && { signal }) }).catch(() => undefined)
        if (signal?.aborted) return false
        const isOver = await ask(`/cancel/${encodeURIComponent(id)}`, asked).then(
          () => true,
          (error) => (isPassing(error) ? undefined : isNothingToCancel(error)),
        )
        if (isOver !== undefined) return isOver
      }
      return false
    },
    async health(signal) {
      const parsed = Health.safeParse(await ask('/health', { ...(signal && { signal }), ms: HEALTH_MS }))
      if (!parsed.success) throw new BackendFailure('broken', { cause: parsed.error })
      const { jobs, workers } = parsed.data
      return {
        jobsInQueue: jobs?.inQueue ?? 0,
        awake: (workers.ready ?? 0) + (workers.idle ?? 0) + (workers.running ?? 0),
        initializing: workers.initializing ?? 0,
        throttled: workers.throttled ?? 0,
        unhealthy: workers.unhealthy ?? 0,
      }
    },
  }
}

/** Whether asking again may help: the server is busy, or was not reached. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof BackendFailure)) return false
  const { kind, status = 0 } = error
  return kind !== 'refused' || status === 408 || status === 429 || status >= 500
}

type Ask = { signal?: AbortSignal; ms: number; body?: string; isFresh?: boolean }

const RUN_MS = 30_000
const STATUS_MS = 15_000
const HEALTH_MS = 5_000
const CANCEL_MS = 5_000
const CANCEL_PAUSES_MS = [0, 500, 2_000]

/** A job that is gone, or has ended; a key that is refused says nothing about it. */
function isNothingToCancel(error: unknown): boolean {
  return error instanceof BackendFailure && error.status !== 401 && error.status !== 403
}

/** Whether a job was certainly not taken. A server that failed may have taken it first. */
function wasRefused({ kind, status = 0, cause }: BackendFailure): boolean {
  if (kind === 'refused') return status >= 400 && status < 500 && status !== 408
  if (kind !== 'unreachable') return false
  for (let at = cause, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string' && NEVER_SENT.test(at.code)) return true
  }
  return false
}

/** No address, no connection, or none that could be trusted. */
const NEVER_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|EPROTO|CERT_\w+|ERR_TLS_\w+|ERR_SSL_\w+|UNABLE_TO_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+)$/

const Taken = z.object({ id: z.string().min(1) })
const Status = z.object({ status: z.string(), output: z.unknown().optional(), error: z.unknown().optional() })
const count = z.number().nullish()
const Health = z.object({
  jobs: z.object({ inQueue: count }).nullish(),
  workers: z.object({
    idle: count,
    ready: count,
    running: count,
    initializing: count,
    throttled: count,
    unhealthy: count,
  }),
})
