import type { ToolCall, Usage } from '../messages.ts'
import type { RunCompleted, RunOrder } from './run.ts'
import type { RunWork } from './run-tally.ts'

/**
 * A run that outlives the request, and the process, that asked for it: its row in the store. Times are unix milliseconds by
 * the store's clock, which is the only one that counts.
 */
export type RunRecord = {
  id: string
  caller: string
  /** Public id of the model that was asked for; `outcome.model` is the one that answered. */
  model: string
  state: RunState
  order: StoredOrder
  /** What the route that took the request needs to print its reply; nobody else reads it. */
  envelope: unknown
  createdAtMs: number
  startedAtMs: number | null
  endedAtMs: number | null
  /** While it is queued, when waiting is given up; once it has started, when its time is over. */
  deadlineMs: number
  /** Model steps that are recorded. */
  steps: number
  /** Of the recorded steps. */
  usage: Usage
  /** Null until it has ended. */
  outcome: RunOutcome | null
}

export const END_STATES = ['completed', 'failed', 'cancelled', 'expired'] as const

export const RUN_STATES = ['queued', 'running', ...END_STATES] as const

export type RunState = (typeof RUN_STATES)[number]
export type EndState = (typeof END_STATES)[number]

/** An order as JSON; the row has the rest. */
export type StoredOrder = Omit<RunOrder, 'id' | 'caller' | 'model' | 'runTimeoutMs' | 'hold' | 'canAfford'>

/** How a run ended. `expired` never began in time. */
export type RunOutcome =
  | {
      state: 'completed'
      /** Public id of the model that answered. */
      model: string
      /** Null where nothing was said, and nothing was meant to be. */
      text: string | null
      toolCalls: readonly ToolCall[]
      reason: RunCompleted['reason']
      usage: Usage
      isEstimated?: boolean
      trace: RunCompleted['trace']
    }
  | {
      state: 'failed' | 'expired'
      error: StoredError
      /** All that it has used, where its caller had read some of its answer by then. */
      used?: RunWork
    }
  | { state: 'cancelled' }

/** The caller's half of a GatewayError: what it takes to throw it again. */
export type StoredError = {
  message: string
  status: number
  code: string | null
  type: string
  param: string | null
  details: Record<string, unknown>
  retryAfterSec?: number
}
