import type { FinishReason, ToolCall, Usage } from '../../messages.ts'
import type { RunCompleted } from '../../runs/run.ts'
import { toTokenCount } from '../token-count.ts'
import { toWireTrace } from '../wire-trace.ts'

/** What a whole reply and every chunk of a stream have in common. */
export type ReplyHead = { id: string; created: number; model: string }

/** What the model said: text, then calls for the caller to run. */
export type ReplyMessage = { text: string; toolCalls: readonly ToolCall[] }

/** `chat.completion`. */
export function toCompletion(head: ReplyHead, { text, toolCalls }: ReplyMessage, run: RunCompleted, trace: boolean) {
  const hasCalls = toolCalls.length > 0
  return {
    id: head.id,
    object: 'chat.completion' as const,
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant' as const,
          content: hasCalls && text === '' ? null : text,
          refusal: null,
          ...(hasCalls && { tool_calls: toolCalls.map(toWireCall) }), // some clients take an empty list for a turn of tools
        },
        logprobs: null,
        finish_reason: run.reason satisfies FinishReason,
      },
    ],
    usage: toWireUsage(run.usage),
    ...(trace && { groundwire: toWireTrace(run.trace) }),
  }
}

function toWireCall({ id, name, argumentsText }: ToolCall) {
  return { id, type: 'function' as const, function: { name, arguments: argumentsText.toWellFormed() } }
}

export type Delta = { role?: 'assistant'; content?: string; tool_calls?: CallFragment[] }

type CallFragment = {
  index: number
  id?: string
  type?: 'function'
  function: { name?: string; arguments: string }
}

/** A call as a stream has it: id and name once, then its arguments piece by piece. `index` counts the calls of the answer. */
export function toCallDeltas(call: ToolCall, index: number): Delta[] {
  const { function: whole, ...rest } = toWireCall(call)
  const pieces = whole.arguments.match(PIECE) ?? []
  return [
    { tool_calls: [{ index, ...rest, function: { name: whole.name, arguments: '' } }] },
    ...pieces.map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
  ]
}

/** Never ends within a character or an escape of one, so that whoever reads along can show what has come. */
const PIECE = /(?:\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u.{4}|\\.|.){1,200}/gsu

/** `chat.completion.chunk`. A stream that ends with usage has `usage: null` in every chunk before. */
export function toChunk(head: ReplyHead, delta: Delta, finishReason: FinishReason | null, includeUsage: boolean) {
  return {
    id: head.id,
    object: 'chat.completion.chunk' as const,
    created: head.created,
    model: head.model,
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    ...(includeUsage && { usage: null }),
  }
}

/** The chunk after the finish, for a caller who asked for `include_usage`. */
export function toUsageChunk(head: ReplyHead, usage: Usage) {
  return {
    id: head.id,
    object: 'chat.completion.chunk' as const,
    created: head.created,
    model: head.model,
    choices: [],
    usage: toWireUsage(usage),
  }
}

/** The sum of all steps: `prompt_tokens` may exceed the prompt the caller sees. */
export function toWireUsage(usage: Usage) {
  const promptTokens = toTokenCount(usage.promptTokens)
  const completionTokens = toTokenCount(usage.completionTokens)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    ...(usage.cachedTokens !== undefined && {
      prompt_tokens_details: { cached_tokens: toTokenCount(usage.cachedTokens) },
    }),
    ...(usage.reasoningTokens !== undefined && {
      completion_tokens_details: { reasoning_tokens: toTokenCount(usage.reasoningTokens) },
    }),
  }
}
