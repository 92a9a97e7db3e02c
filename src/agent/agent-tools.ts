import type { ToolCall, ToolDefinition } from '../messages.ts'
import type { ToolResult } from '../tools/tool.ts'

/** The tools of one run. */
export type AgentTools = {
  /** In a fixed order, since backends reuse the prompt's unchanged front. */
  definitions: readonly ToolDefinition[]
  /** Never rejects: a failure is a result, even when `signal` fired. */
  run(call: ToolCall, signal: AbortSignal): Promise<ToolResult>
}
