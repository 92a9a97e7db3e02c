import type { HoldOrder } from '../accounts/ledger.ts'
import type { Usage } from '../messages.ts'
import type { ModelEvent } from '../models/model.ts'
import type { EndState, RunOutcome, RunRecord, RunState, StoredOrder } from './run-record.ts'
import type { ToolRecord } from './tool-record.ts'

/**
 * Runs in Postgres: the truth about each, whatever the queue or a process believes. Every change is one transaction. All
 * methods reject with a 503 GatewayError `store_unavailable` (Retry-After 5) while Postgres cannot be reached.
 */
export type RunStore = RunDesk & RunFloor & RunUpkeep

/** What callers do, through a gateway. Nobody sees or touches another caller's run. */
export type RunDesk = {
  /**
   * Takes a run, or finds the one that this request asks for again.
   * @throws GatewayError 422 `idempotency_key_reused` for a key that came with another body; 429 `rate_limit_exceeded` where the
   * caller, 503 `server_overloaded` where the gateway, has too many that have not ended; what the ledger's `hold` throws.
   */
  submit(run: NewRun): Promise<Submitted>
  find(caller: string, id: string): Promise<RunRecord | undefined>
  /**
   * Newest first; fewer than `limit`, and more to come, where runs are very large. `after` is the id of the last run of the page
   * before. Undefined where that run is not the caller's.
   */
  list(caller: string, page: RunPage): Promise<{ runs: readonly RunRecord[]; hasMore: boolean } | undefined>
  /** Ends a run that has not ended; one that has stays as it is. Undefined where there is none. */
  cancel(caller: string, id: string): Promise<RunRecord | undefined>
  /** Forgets a run that has ended. False where there is none, or it has not. */
  forget(caller: string, id: string): Promise<boolean>
  /** In order, those after `after` (`seq` counts from 1). Undefined where there is no such run. */
  events(caller: string, id: string, after: number): Promise<readonly StoredEvent[] | undefined>
  /**
   * Nobody waits for it any more: unless somebody joins within `graceMs`, it is cancelled. Does nothing to a run whose request
   * had an idempotency key, or asked not to be waited for.
   */
  abandon(id: string, graceMs: number): Promise<void>
}

export type NewRun = {
  id: string
  caller: string
  /** The route that took it: an idempotency key is one of a caller and a route. */
  route: string
  model: string
  order: StoredOrder
  envelope: unknown
  /** SHA-256 of the request's body as parsed, in hex. */
  bodyHash: string
  idempotencyKey?: string | undefined
  /** An SDK that sends this request again by itself: joins the run of the first where that is still there. */
  isRetry?: boolean
  /** Whether it goes on when its caller has left. */
  background: boolean
  /** Time to run, once it has started. */
  runTimeoutMs: number
  /** Run by the process that takes it, named here, which holds it from the start; others wait in the queue. */
  worker?: string
  webhook?: { url: string; secret: string } | undefined
  /** What is put aside with it; without, nothing is to be paid. */
  hold?: HoldOrder | undefined
}

/** `claim` where the run named a worker. */
export type Submitted = { type: 'accepted'; run: RunRecord; claim?: ClaimedRun } | { type: 'joined'; run: RunRecord }

export type RunPage = { limit: number; after?: string | undefined; states?: readonly RunState[] | undefined }

/** What a run has told of itself, in words a caller may read. No text of the answer: that comes with the end. */
export type StoredEvent = { seq: number; atMs: number } & RunNote
export type RunNote =
  | { type: 'queued' }
  | { type: 'started'; attempt: number }
  | { type: 'step_finished'; step: number; usage: Usage }
  | { type: 'tool_finished'; step: number; callId: string; name: string; ok: boolean; summary: string }
  | { type: EndState }

/** What workers do. A claim is good until another worker has claimed the run, or it has ended: then every write is refused. */
export type RunFloor = {
  /** The run, and all that is recorded of it, for this worker alone. Undefined where it has ended, or somebody works on it. */
  claim(id: string, worker: string): Promise<ClaimedRun | undefined>
  /** Keeps the claims alive. Returns those that are lost. */
  renew(claims: readonly Claim[]): Promise<readonly Claim[]>
  /** @throws {@link LostClaimError} */
  recordStep(claim: Claim, step: StepRecord): Promise<void>
  /** @throws {@link LostClaimError} */
  recordTool(claim: Claim, record: ToolRecord): Promise<void>
  /** Remembers a job that a backend works on, so that whoever takes over can ask for it. @throws {@link LostClaimError} */
  recordJob(claim: Claim, step: number, job: BackendJob): Promise<void>
  /** Ends the run. @throws {@link LostClaimError} */
  finish(claim: Claim, outcome: RunOutcome): Promise<RunRecord>
  /** Gives the run back, to be claimed by another at once. */
  release(claim: Claim): Promise<void>
}

/** `fence` grows with every claim of the run. */
export type Claim = { runId: string; fence: number }

export type ClaimedRun = Claim & {
  run: RunRecord
  /** Of `performance.now()`, before the store was asked for it: its lease has begun since then. */
  askedAtMs: number
  /** What is left of its time. */
  remainingMs: number
  /** By step, counted from 1. */
  steps: ReadonlyMap<number, readonly ModelEvent[]>
  tools: readonly ToolRecord[]
  /** Jobs of the step that is not recorded yet. */
  jobs: ReadonlyMap<number, BackendJob>
}

/** One model call, whole: all its events, `finished` last, unless the loop had heard enough. */
export type StepRecord = { step: number; events: readonly ModelEvent[]; usage: Usage }

export type BackendJob = { backend: string; id: string }

/**
 * Another worker has the run, or it has ended: what this one still does is nobody's. A worker's signal fires with this one
 * where the run goes on elsewhere (taken over, or given back at the end of a drain), so that its backend's job is left running.
 */
export class LostClaimError extends Error {
  override readonly name = 'LostClaimError'
}

/** Why a worker's signal fires where the run has ended without it, cancelled: its backend's job is to be cancelled too. */
export class RunEndedError extends Error {
  override readonly name = 'RunEndedError'
}

/** What keeps the house in order, done by any process at any time. */
export type RunUpkeep = {
  /**
   * Lets callers' next runs into the queue, up to their share, and finds those whose job or worker is lost.
   * Returns what is to be added to the queue; adding twice does no harm.
   */
  dueJobs(limit: number): Promise<readonly RunJob[]>
  /** Ends what waited or ran too long, or was abandoned. Returns the ids. */
  endOverdue(): Promise<readonly string[]>
  /** Settles the runs that have ended and whose worker did not, by what is recorded; frees the holds past their deadline. */
  settleLost(): Promise<{ settled: number; expired: number }>
  /**
   * Jobs of runs that ended at least a lease ago, so that a worker that is well has cancelled its own, or that are forgotten.
   * Each is for this process alone for 20 s, and named again unless it is forgotten.
   */
  orphanedJobs(limit: number): Promise<readonly OrphanedJob[]>
  /** It is not worked on any more, or given up. */
  forgetJob(orphan: Pick<OrphanedJob, 'runId' | 'step'>): Promise<void>
  /** Removes runs, keys and kept values past their time. */
  prune(): Promise<void>
  /** Runs by state, of all callers. */
  counts(): Promise<Readonly<Record<RunState, number>>>
  /** Webhooks that are due, each for this process alone for a minute. */
  dueWebhooks(limit: number): Promise<readonly DueWebhook[]>
  /** After an attempt. `retryInMs` undefined ends it. */
  noteWebhook(runId: string, retryInMs: number | undefined): Promise<void>
}

export type RunJob = {
  runId: string
  fence: number
  /** The number of the caller's own runs ahead of it: 1 goes first. */
  priority: number
  /** The very same was added before, and nobody has taken the run since. */
  isAgain?: true
}

/** A backend may work on it, and nobody waits for it. `tries` counts the attempts to cancel it that were begun before this one. */
export type OrphanedJob = { runId: string; step: number; model: string; job: BackendJob; tries: number }

/** `tries` counts the attempts that were begun before this one. */
export type DueWebhook = { run: RunRecord; url: string; secret: string; tries: number }
