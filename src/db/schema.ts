import type { ColumnType, Generated } from 'kysely'

/**
 * The tables. JSON columns are `json`, not `jsonb`, which refuses some of the characters that models write; they hold what
 * `toStoredJson` makes. Times are the server's: no process compares its own clock with them.
 */
export type Tables = {
  runs: RunsTable
  run_events: RunEventsTable
  run_steps: RunStepsTable
  run_tools: RunToolsTable
  run_jobs: RunJobsTable
  idempotency_keys: IdempotencyKeysTable
  kept: KeptTable
  leases: LeasesTable
}

/** Written as text, read as text: `fromStoredJson` parses it. */
export type Json = string
type WithDefault<T> = ColumnType<T, T | undefined, T>

type RunsTable = {
  id: string
  caller: string
  route: string
  model: string
  state: WithDefault<'queued' | 'running' | 'completed' | 'failed' | 'cancelled' | 'expired'>
  order: Json
  envelope: Json
  /** Of `order` and `envelope`, which callers may make large. */
  bytes: number
  body_hash: string
  has_key: boolean
  background: boolean
  /** Taken by a process that runs it itself: no part of the queue, nor of anybody's share of it. */
  in_place: boolean
  run_timeout_ms: number
  created_at: Generated<Date>
  /** In the caller's share of the queue since. */
  admitted_at: Date | null
  /** Its job was last added to the queue. */
  added_at: Date | null
  started_at: Date | null
  ended_at: Date | null
  deadline: Date
  /** Its caller has left: cancelled then, unless somebody joins. */
  abandon_at: Date | null
  fence: WithDefault<number>
  /** Claims that were not given back. */
  attempts: WithDefault<number>
  worker: string | null
  lease_until: Date | null
  last_seq: WithDefault<number>
  steps: WithDefault<number>
  usage: Json
  outcome: Json | null
  webhook: Json | null
  webhook_tries: WithDefault<number>
  webhook_at: Date | null
}

type RunEventsTable = { run_id: string; seq: number; at: Generated<Date>; note: Json }
type RunStepsTable = { run_id: string; step: number; events: Json }
/** `seq` is that of its event. */
type RunToolsTable = { run_id: string; step: number; call_id: string; seq: number; record: Json }
/** Outlives its run: a job that a backend still works on is cancelled there. */
type RunJobsTable = {
  run_id: string
  step: number
  model: string
  job: Json
  /** To cancel it. */
  tries: WithDefault<number>
  try_at: Date | null
}
type IdempotencyKeysTable = {
  caller: string
  route: string
  key: string
  body_hash: string
  run_id: string
  created_at: Generated<Date>
}
type KeptTable = { kind: string; caller: string; id: string; value: string; expires_at: Date }
/** What one process at a time may do; `holder` is nobody once `until` has passed. */
type LeasesTable = { name: string; holder: string; until: Date }
