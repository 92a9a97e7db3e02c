import type { FoundHold } from '../accounts/ledger/find-hold.ts'
import type { AgentEvent, AgentFinished } from '../agent/events.ts'
import type { CanAfford } from '../agent/loop.ts'
import type { BlockRef, Evidence } from '../chain/chain-session.ts'
import type { ClientTool, JsonFormat, Message, ToolCall, ToolChoice, Usage } from '../messages.ts'
import type { Model, ModelParams } from '../models/model.ts'
import type { Journal } from './journal.ts'

/** What a caller has asked for, in our own words. */
export type RunOrder = {
  /** `run_` and 24 letters or digits. */
  id: string
  /** Whose run it is: wallet in lower case, or `key_…`. */
  caller: string
  /** That of the request, where it is one of ours. */
  keyId?: string | undefined
  model: Model
  /** At most one system message, first. */
  messages: readonly Message[]
  params: ModelParams
  /** Whether the caller reads along: text then leaves as soon as it is known to be the answer. */
  stream: boolean
  /** Whether the gateway's own tools are offered. Without them its system prompt, which speaks of them, is left out too. */
  serverTools: boolean
  /** Names of those that are, where not all are. */
  allowedTools?: readonly string[] | undefined
  /** None is named like a tool of the gateway that is offered beside it. */
  clientTools: readonly ClientTool[]
  toolChoice: ToolChoice
  /** Whether an answer may hold more than one call of `clientTools`. */
  parallelToolCalls: boolean
  /** Undefined where the answer is plain text. */
  format: JsonFormat | undefined
  /** Wall clock, where it is not that of every run. */
  runTimeoutMs?: number | undefined
  /** The caller's place in its own trace, as W3C's Trace Context writes it. */
  traceparent?: string | undefined
  /** What is put aside for it; undefined where nothing is to be paid, or the store is asked for it. */
  hold?: FoundHold | undefined
  canAfford?: CanAfford | undefined
}

/** The life of a run: what the loop tells, then `completed` in place of the loop's `finished`. */
export type RunEvent = Exclude<AgentEvent, AgentFinished> | RunCompleted

export type RunCompleted = {
  type: 'completed'
  reason: AgentFinished['reason']
  usage: Usage
  trace: RunTrace
  /** By the store's clock, where the run is kept: the same each time it is told. */
  endedAtMs?: number
  /** Some of the usage is our estimate. */
  isEstimated?: boolean
}

/** How an answer came about; shown to a caller who asks for it. */
export type RunTrace = {
  runId: string
  /** Backend that answered: `ollama:qwen3:8b`. */
  backend: string
  steps: number
  limit: AgentFinished['limit']
  toolCalls: readonly { call: ToolCall; ok: boolean; summary: string; durationMs: number }[]
  /** One block per chain that was read; two where the first was lost between the halves of a turn. */
  blocks: readonly BlockRef[]
  /** Pinned blocks that were no longer canonical at the end: the figures may have changed. */
  reorgs: readonly BlockRef[]
  evidence: readonly Evidence[]
}

/**
 * Starts a run and tells its life. Leaving the iteration, or aborting `signal`, stops it. With a journal it goes on from what
 * is recorded there.
 */
export type ExecuteRun = (order: RunOrder, signal: AbortSignal, journal?: Journal) => AsyncIterable<RunEvent>
