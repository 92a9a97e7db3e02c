import type { AgentEvent, AgentFinished } from '../agent/events.ts'
import type { BlockRef, Evidence } from '../chain/chain-session.ts'
import type { Message, ToolCall, Usage } from '../messages.ts'
import type { Model, ModelParams } from '../models/model.ts'

/** What a caller has asked for, in our own words. */
export type RunOrder = {
  /** `run_` and 24 letters or digits. */
  id: string
  model: Model
  /** At most one system message, first. */
  messages: readonly Message[]
  params: ModelParams
  /** Whether the caller reads along: text then leaves as soon as it is known to be the answer. */
  stream: boolean
}

/** The life of a run: what the loop tells, then `completed` in place of the loop's `finished`. */
export type RunEvent = Exclude<AgentEvent, AgentFinished> | RunCompleted

export type RunCompleted = {
  type: 'completed'
  reason: AgentFinished['reason']
  usage: Usage
  trace: RunTrace
}

/** How an answer came about; shown to a caller who asks for it. */
export type RunTrace = {
  runId: string
  /** Backend that answered: `ollama:qwen3:8b`. */
  backend: string
  steps: number
  limit: AgentFinished['limit']
  toolCalls: readonly { call: ToolCall; ok: boolean; summary: string; durationMs: number }[]
  /** One block per chain that was read. */
  blocks: readonly BlockRef[]
  /** Pinned blocks that were no longer canonical at the end: the figures may have changed. */
  reorgs: readonly BlockRef[]
  evidence: readonly Evidence[]
}

/** Starts a run and tells its life. Leaving the iteration, or aborting `signal`, stops it. */
export type ExecuteRun = (order: RunOrder, signal: AbortSignal) => AsyncIterable<RunEvent>
