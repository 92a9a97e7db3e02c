import type { ToolCall, ToolDefinition } from '../messages.ts'
import { toUnknownTool } from './failed-result.ts'
import { toJsonSchema } from './json-schema.ts'
import { createRunTool, type OpenScope, type RunTool } from './run-tool.ts'
import type { Tool, ToolResult } from './tool.ts'

/** The tools of this gateway, as the loop sees them. They read and never write: nothing in a tool's context can sign or send. */
export type ToolSet = {
  /** By name, so that the prompt they stand in is the same from run to run. */
  readonly definitions: readonly ToolDefinition[]
  /** Never rejects: a failure is a result. */
  run(call: ToolCall, openScope: OpenScope, signal: AbortSignal): Promise<ToolResult>
}

/** What OpenAI and every backend take for a function's name. */
export const TOOL_NAME = /^[a-z][a-z0-9_]{0,63}$/

/** @throws Error where a name is malformed or used twice, or an input has no JSON Schema. */
export function createToolSet(tools: readonly Tool[]): ToolSet {
  const sorted = tools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const runs = new Map<string, RunTool>()
  for (const tool of sorted) {
    if (!TOOL_NAME.test(tool.name)) {
      throw new Error(`'${tool.name}' is not a tool name: lower case letters, digits and _, first a letter, at most 64`)
    }
    if (runs.has(tool.name)) throw new Error(`two tools are named '${tool.name}'`)
    runs.set(tool.name, createRunTool(tool))
  }
  return {
    definitions: sorted.map(toDefinition),
    run: async (call, openScope, signal) => {
      const run = runs.get(call.name)
      return run === undefined ? toUnknownTool(call.name, [...runs.keys()]) : run(call.argumentsText, openScope, signal)
    },
  }
}

function toDefinition({ name, description, input, examples }: Tool): ToolDefinition {
  return { name, description, parameters: toJsonSchema(input), examples }
}
