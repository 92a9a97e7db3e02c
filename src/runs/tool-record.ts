import type { Evidence } from '../chain/chain-session.ts'
import type { ToolResult } from '../tools/tool.ts'

/** One call of a server tool, as it was answered. `step` is the model call that asked for it. */
export type ToolRecord = {
  step: number
  callId: string
  name: string
  result: ToolResult
  durationMs: number
  /** The reads that came since the record before. */
  evidence: readonly Evidence[]
}
