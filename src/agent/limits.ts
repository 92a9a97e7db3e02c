/**
 * What one run may spend. Reaching a limit ends the run with the best answer there is, and with an error only where there is
 * none in the form that was asked for.
 */
export type AgentLimits = {
  maxSteps: number
  maxToolCalls: number
  parallelToolCalls: number
  /** Steps in a row whose tool calls all had arguments that did not fit, or names that nobody offered. */
  maxRepairs: number
  /** Prompt and completion tokens of all steps. */
  maxTotalTokens: number
  /** Wall clock of the run. Its last quarter, at most 30 s, is kept for the answer. */
  runTimeoutMs: number
  /** Tokens of a step's text that wait until it is clear whether a tool call follows, where the caller reads along. */
  holdBackTokens: number
}

export const DEFAULT_LIMITS: AgentLimits = {
  maxSteps: 8,
  maxToolCalls: 16,
  parallelToolCalls: 4,
  maxRepairs: 2,
  maxTotalTokens: 400_000,
  runTimeoutMs: 120_000,
  holdBackTokens: 24,
}
