import type { FinishReason, Message, ToolCall, Usage } from '../messages.ts'
import type { ToolResult } from '../tools/tool.ts'

/**
 * What the loop tells while it works, in order. The texts, joined, are the answer; a text that is empty says that the answer
 * is meant to be.
 */
export type AgentEvent =
  | { type: 'step_started'; step: number }
  | { type: 'text'; text: string }
  | { type: 'tool_started'; step: number; call: ToolCall }
  | { type: 'tool_finished'; step: number; call: ToolCall; result: ToolResult }
  /** A call for the caller to run, whole and checked. After all texts, and only where the run finishes with `tool_calls`. */
  | { type: 'client_call'; call: ToolCall }
  /**
   * `usage` is of this step alone, and our estimate where the step was broken off; `backend` answered it, where the model has
   * several.
   */
  | {
      type: 'step_finished'
      step: number
      usage: Usage
      isEstimated?: boolean | undefined
      backend?: string | undefined
    }
  | AgentFinished

/**
 * Last, exactly once. `messages` is the input followed by all that the run added; `usage` the sum of all steps.
 * With `tool_calls` they end in the assistant message that holds the caller's calls, followed by the results of the
 * gateway's own calls in it. `limit` names the limit that ended the run early, where one did: the answer is then the best there was.
 */
export type AgentFinished = {
  type: 'finished'
  reason: FinishReason
  limit: AgentLimit | null
  messages: readonly Message[]
  usage: Usage
}

export type AgentLimit = 'max_steps' | 'max_repairs' | 'max_tool_calls' | 'max_tokens' | 'max_credits' | 'run_timeout'
