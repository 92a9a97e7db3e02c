import type { BackendErrorKind } from '../../errors.ts'
import type { Model } from '../model.ts'

/** One of those that serve a public model. */
export type Backend = {
  /** Its `id` is the public one. Its `backend` is unlike that of the model's others. */
  model: Model
  /** Its share of the calls; 0 has it asked only where others fail. */
  weight?: number | undefined
  /** Calls at once. */
  concurrency?: number | undefined
  /** False where it refuses requests that offer tools. Default: true. */
  canCallTools?: boolean | undefined
  /** False where it refuses to be told to write JSON. Default: true. */
  canWriteJson?: boolean | undefined
}

/** What became of a call to a backend, or of the breaker that guards it. */
export type BackendEvent = {
  /** Public id. */
  model: string
  backend: string
} & ({ type: 'ok' | 'opened' | 'half_open' | 'closed' } | { type: 'failed'; kind: BackendErrorKind | 'other' })

export type OnBackend = (event: BackendEvent) => void
