import { BackendFailure } from '../backend-failure.ts'
import { CHECK_TIMEOUT_MS } from '../backend-timeouts.ts'
import type { ModelHealth } from '../model.ts'
import { type EndpointState, toEndpointState } from './endpoint.ts'
import type { JobApi } from './job-api.ts'

/** Whether the endpoint is there. One that sleeps is: nothing is woken to find out. */
export async function checkRunpod(api: Pick<JobApi, 'health'>, signal: AbortSignal): Promise<ModelHealth> {
  try {
    const limit = AbortSignal.timeout(CHECK_TIMEOUT_MS)
    const health = await api.health(AbortSignal.any([signal, limit]))
    const state = toEndpointState(health)
    if (state === 'asleep' && health.unhealthy > 0) {
      return { status: 'down', detail: "the workers of its RunPod endpoint are unhealthy: see the endpoint's log" }
    }
    const detail = DETAILS[state]
    return detail === undefined ? { status: 'ok' } : { status: 'ok', detail }
  } catch (error) {
    return { status: 'down', detail: toDetail(error) }
  }
}

const DETAILS: Partial<Record<EndpointState, string>> = {
  asleep: 'asleep: the next question wakes it, which takes minutes',
  starting: 'waking up',
  no_gpu: 'no GPU is free: a question waits until one is',
}

function toDetail(error: unknown): string {
  const status = error instanceof BackendFailure ? error.status : undefined
  if (status === 401 || status === 403) return 'RunPod refuses RUNPOD_API_KEY'
  if (status === 404) return 'RUNPOD_ENDPOINT_ID names no endpoint of this account'
  return 'RunPod does not answer: see whether this machine can reach RUNPOD_BASE_URL'
}
