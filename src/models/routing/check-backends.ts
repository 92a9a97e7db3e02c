import type { Model, ModelHealth } from '../model.ts'

/** `backend` is its name: `ollama:qwen3:8b`. */
export type BackendHealth = { backend: string } & ModelHealth

/** The state of each, in their order. */
export function checkBackends(
  backends: readonly Pick<Model, 'backend' | 'check'>[],
  signal: AbortSignal,
): Promise<readonly BackendHealth[]> {
  return Promise.all(backends.map(async ({ backend, check }) => ({ backend, ...(await check(signal)) })))
}

/** The state of a model with these backends: the best of theirs, and where none can answer, what to do about each. */
export function toModelHealth(states: readonly BackendHealth[]): ModelHealth {
  const [only] = states
  if (only !== undefined && states.length === 1) {
    const { backend: _, ...health } = only
    return health
  }
  const toDetail = ({ backend, detail }: BackendHealth) => (detail === undefined ? [] : [`${backend}: ${detail}`])
  const up = states.find(({ status }) => status === 'ok')
  if (up === undefined) return { status: 'down', detail: states.flatMap(toDetail).join('; ') }
  return up.detail === undefined ? { status: 'ok' } : { status: 'ok', detail: up.detail }
}
