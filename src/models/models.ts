import type { Model } from './model.ts'

/** The public model ids and what serves each. */
export type Models = {
  /** In the order they are shown. */
  list(): readonly ModelListing[]
  /** By public id, or `provider:model`; undefined where there is no such model. */
  find(id: string): ModelListing | undefined
}

/** One row of `GET /v1/models`. `model.id` differs from `id` where another model stands in, and says so in replies. */
export type ModelListing = {
  id: string
  model: Model
  /** Set where it is one of a provider's: `provider:model`. */
  provider?: string
  /** Where it has several, as listed in the file; readiness tells each. */
  backends?: readonly Pick<Model, 'backend' | 'check'>[]
  /** Runs wait in the queue for a worker: the model takes minutes, or its machine has to be woken. */
  isQueued?: boolean
  /** False where `stream: true` is refused. */
  canStream?: boolean
  /** False where no tools are offered, neither the gateway's nor a caller's. */
  canCallTools?: boolean
  /** Wall clock of a run. */
  runTimeoutMs?: number
  /** Most tokens of an answer. */
  answerTokens?: number
  price?: ModelPrice
}

/** Micro-credits: per million tokens, and per run. */
export type ModelPrice = {
  promptPerMillion: bigint
  completionPerMillion: bigint
  /** Of prompt tokens that the backend had cached. Default: `promptPerMillion`. */
  cachedPerMillion?: bigint
  perRun?: bigint
}
