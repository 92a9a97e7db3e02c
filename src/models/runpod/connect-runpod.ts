import { DEFAULT_TIMEOUTS } from '../backend-timeouts.ts'
import { createMemoryWarmUps, type WarmUps } from '../warm-up.ts'
import { createEndpoint } from './endpoint.ts'
import { createJobApi, type JobApi } from './job-api.ts'
import { createRunJob, type RunJob } from './run-job.ts'

/** What all calls to one endpoint share. */
export type RunpodConnection = {
  readonly api: JobApi
  readonly runJob: RunJob
  /** For a job from its start to its end, the queue included. */
  readonly timeoutMs: number
}

export type RunpodConnectionOptions = {
  /** Without a trailing slash. Default: RunPod's own. */
  baseUrl?: string | undefined
  endpointId: string
  apiKey: string
  /** See {@link RunpodConnection}. Default: 10 minutes, as RunPod's own. */
  timeoutMs?: number | undefined
  connectTimeoutMs?: number | undefined
  /** Of all processes that share the endpoint. Default: of this one alone. */
  warmUps?: WarmUps | undefined
  /** Milliseconds between two looks at a job, at first and at most. */
  poll?: { firstMs: number; mostMs: number } | undefined
}

const RUNPOD_URL = 'https://api.runpod.ai/v2'
const DEFAULT_TIMEOUT_MS = 600_000
const DEFAULT_POLL = { firstMs: 1_000, mostMs: 5_000 }

export function connectRunpod(options: RunpodConnectionOptions): RunpodConnection {
  const { baseUrl = RUNPOD_URL, endpointId, apiKey, timeoutMs = DEFAULT_TIMEOUT_MS, poll = DEFAULT_POLL } = options
  const { connectTimeoutMs = DEFAULT_TIMEOUTS.connectTimeoutMs, warmUps = createMemoryWarmUps() } = options
  const api = createJobApi({ baseUrl, endpointId, apiKey, connectTimeoutMs })
  const endpoint = createEndpoint({ api, freshMs: poll.firstMs, unhealthyMs: 3 * poll.mostMs })
  const endpointName = `runpod:${endpointId}`
  return { api, timeoutMs, runJob: createRunJob({ api, endpoint, warmUps, endpointName, timeoutMs, poll }) }
}
