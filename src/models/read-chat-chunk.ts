import type { FinishReason, Usage } from '../messages.ts'
import type { ToolCallFragment } from './tool-call-fragments.ts'

export type ChatChunk = {
  text: string
  reasoning: string
  fragments: readonly ToolCallFragment[]
  /** Undefined until the backend says why it ended. */
  finish: Exclude<FinishReason, 'tool_calls'> | undefined
  usage: Usage | undefined
}

/** What we need of a LangChain message chunk, wherever its provider puts it. */
export function readChatChunk(chunk: unknown): ChatChunk {
  const message = asRecord(chunk)
  const { content, additional_kwargs, response_metadata, usage_metadata } = message
  const parts = Array.isArray(content) ? content.map(asRecord) : []
  return {
    text: typeof content === 'string' ? content : join(parts, 'text', 'text'),
    reasoning:
      asText(asRecord(additional_kwargs).reasoning_content) +
      join(parts, 'thinking', 'thinking') +
      join(parts, 'reasoning', 'reasoning'),
    fragments: toFragments(message),
    finish: toFinish(asRecord(response_metadata)),
    usage: toUsage(usage_metadata),
  }
}

function toFragments({
  tool_call_chunks,
  tool_calls,
  invalid_tool_calls,
}: Record<string, unknown>): ToolCallFragment[] {
  const chunks = asRecords(tool_call_chunks)
  if (chunks.length > 0) {
    return chunks.map(({ index, id, name, args }) => ({
      index: typeof index === 'number' ? index : undefined,
      id: asText(id) || undefined,
      name: asText(name) || undefined,
      args: toArgs(args, ''),
    }))
  }
  // A model that does not stream answers with whole calls.
  return [...asRecords(tool_calls), ...asRecords(invalid_tool_calls)].map(({ id, name, args }, index) => ({
    index,
    id: asText(id) || undefined,
    name: asText(name) || undefined,
    args: toArgs(args, '{}'),
  }))
}

/** Some servers send whole arguments as the object they are. */
const toArgs = (args: unknown, none: string) => (typeof args === 'string' ? args : args ? JSON.stringify(args) : none)

/** Ollama, OpenAI, Anthropic, Google and Bedrock each name the field and its values their own way. */
function toFinish(metadata: Record<string, unknown>): ChatChunk['finish'] {
  const reason =
    asText(metadata.done_reason) ||
    asText(metadata.finish_reason) ||
    asText(metadata.finishReason) ||
    asText(metadata.stop_reason) ||
    asText(metadata.stopReason) ||
    asText(asRecord(metadata.messageStop).stopReason)
  if (reason === '' || NOT_AN_END.test(reason)) return undefined
  if (/length|max_?(?:output_?)?tokens|context_window/i.test(reason)) return 'length'
  return /content_filter|filtered|safety|refusal|guardrail/i.test(reason) ? 'content_filter' : 'stop'
}

/** Ollama's for a request that only moved the model in or out of memory, and vLLM's for one it gave up. */
const NOT_AN_END = /^(?:load|unload|abort|error)$/

function toUsage(metadata: unknown): Usage | undefined {
  if (metadata === undefined || metadata === null) return undefined
  const usage = asRecord(metadata)
  const cached = asCount(asRecord(usage.input_token_details).cache_read)
  const reasoning = asCount(asRecord(usage.output_token_details).reasoning)
  return {
    promptTokens: asCount(usage.input_tokens),
    completionTokens: asCount(usage.output_tokens),
    ...(cached > 0 ? { cachedTokens: cached } : {}),
    ...(reasoning > 0 ? { reasoningTokens: reasoning } : {}),
  }
}

const join = (parts: readonly Record<string, unknown>[], type: string, field: string) =>
  parts.map((part) => (part.type === type ? asText(part[field]) : '')).join('')

const asText = (value: unknown) => (typeof value === 'string' ? value : '')
const asCount = (value: unknown) => (Number.isFinite(value) ? Math.max(0, Math.round(Number(value))) : 0)
const asRecords = (value: unknown) => (Array.isArray(value) ? value.map(asRecord) : [])

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
