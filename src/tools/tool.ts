import type { z } from 'zod'
import type { BlockRef, ChainScope } from '../chain/chain-session.ts'
import type { ToolExample } from '../messages.ts'

/** What a tool may touch while it runs: the chain, read-only and pinned, and nothing else. */
export type ToolContext = {
  /** A viem client pinned to the run's block: `chain('ethereum').getBalance({ address })`. */
  chain: ChainScope['client']
  ethers: ChainScope['ethers']
  block: ChainScope['block']
  resolveAddress: ChainScope['resolveAddress']
  /** Fires when the call's time is up or the caller has left. */
  signal: AbortSignal
}

/**
 * A tool is a value: one file in `tools/` with `export default defineTool({ … })`.
 * A throw in `execute` is an answer to the model: its message says what to do otherwise.
 */
export type Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> = {
  /** `[a-z][a-z0-9_]{0,63}` */
  name: string
  /** One or two sentences for the model: what the tool answers, and when to use it. */
  description: string
  /** Converts to JSON Schema. Fields of type `addressOrName` are resolved before `execute` sees them. */
  input: Input
  /** JSON-safe: amounts through `amount`, addresses through `resolvedAddress`, no bigint. */
  output: Output
  /** Questions this tool answers, with slots named after input fields. */
  examples: readonly ToolExample[]
  /** What the result is not: a nonce is not a count of incoming transfers. */
  notes?: readonly string[]
  /** Default 10 000. */
  timeoutMs?: number
  execute(input: z.output<Input>, context: ToolContext): Promise<z.input<Output>>
  /** One plain sentence that answers the question, units included. */
  summary(output: z.output<Output>): string
}

/**
 * A tool's answer to one call. `text` is what the model reads: JSON, capped and cleaned.
 * `invalidArguments` tells a call that fits no tool, or not the tool's input, from one that failed while it ran.
 */
export type ToolResult =
  | { ok: true; text: string; summary: string; output: unknown; blocks: readonly BlockRef[] }
  | { ok: false; text: string; reason: string; invalidArguments: boolean }

export function defineTool<Input extends z.ZodObject, Output extends z.ZodType>(
  tool: Tool<Input, Output>,
): Tool<Input, Output> {
  return tool
}
