import type { ToolCall, ToolDefinition } from '../messages.ts'
import { toFailedResult, toUnknownTool } from '../tools/failed-result.ts'
import type { ToolResult } from '../tools/tool.ts'
import type { AgentTools } from './agent-tools.ts'
import type { AgentEvent } from './events.ts'

export type CallToolsInput = {
  calls: readonly ToolCall[]
  tools: AgentTools
  /** What the step offered: nothing else runs. */
  offered: readonly ToolDefinition[]
  step: number
  parallel: number
  /** Calls of this step that may still run; later ones are refused. */
  allowed: number
  history: CallHistory
  signal: AbortSignal
}

/**
 * Runs the calls of one step side by side, at most `parallel` at once, and tells as they start and end.
 * Returns the results in call order, whatever order they came in.
 */
export async function* callTools(input: CallToolsInput): AsyncGenerator<AgentEvent, readonly ToolResult[]> {
  const { calls, step, parallel } = input
  const results = new Array<ToolResult>(calls.length)
  const running = new Map<number, Promise<number>>()
  let next = 0
  const start = (index: number): void => {
    const call = calls[index] as ToolCall
    const result = index < input.allowed ? callTool(call, input) : Promise.resolve(TOO_MANY_CALLS)
    running.set(
      index,
      result.then((value) => {
        results[index] = value
        return index
      }),
    )
  }
  while (next < calls.length || running.size > 0) {
    const started: ToolCall[] = []
    // All start in one tick, before anybody hears of it: reads of one tick leave in one HTTP batch.
    while (next < calls.length && running.size < parallel) {
      started.push(calls[next] as ToolCall)
      start(next++)
    }
    for (const call of started) yield { type: 'tool_started', step, call }
    const index = await Promise.race(running.values())
    running.delete(index)
    yield { type: 'tool_finished', step, call: calls[index] as ToolCall, result: results[index] as ToolResult }
  }
  return results
}

/** Remembers what was asked, so that a model that asks the same thing a third time hears the first answer. */
export type CallHistory = Map<string, { times: number; result: Promise<ToolResult> }>

const TOO_MANY_CALLS = toFailedResult('The limit of tool calls for one question is reached. Answer with what you have.')

async function callTool(call: ToolCall, { tools, offered, history, signal }: CallToolsInput): Promise<ToolResult> {
  const names = offered.map(({ name }) => name)
  if (!names.includes(call.name)) return toUnknownTool(call.name, names)
  const key = `${call.name} ${canonicalArguments(call.argumentsText)}`
  const earlier = history.get(key)
  if (earlier !== undefined && earlier.times >= 2) return earlier.result
  const result = tools.run(call, signal)
  history.set(key, {
    times: (earlier?.times ?? 0) + 1,
    result: earlier === undefined ? result : firstGood(earlier.result, result),
  })
  return result
}

async function firstGood(first: Promise<ToolResult>, second: Promise<ToolResult>): Promise<ToolResult> {
  const result = await first
  return result.ok ? result : second
}

function canonicalArguments(text: string): string {
  if (LONG_NUMBER.test(text)) return text.trim() // read as a number, it would be the same as its neighbour
  try {
    return JSON.stringify(sortKeys(JSON.parse(text)))
  } catch {
    return text.trim()
  }
}

const LONG_NUMBER = /\d{16}/

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item)]),
  )
}
