import type { Usage } from '../../messages.ts'
import { toTokenCount } from '../token-count.ts'
import type { InputItem } from './input-items.ts'

/** `response`, as `POST /v1/responses` answers and as it is kept. */
export type WireResponse = {
  id: string
  object: 'response'
  /** Unix time in seconds, as is `completed_at`. */
  created_at: number
  completed_at: number | null
  status: ResponseStatus
  background: boolean
  error: WireError | null
  incomplete_details: { reason: 'max_output_tokens' | 'content_filter' } | null
  instructions: string | null
  max_output_tokens: number | null
  max_tool_calls: number | null
  model: string
  output: readonly OutputItem[]
  parallel_tool_calls: boolean
  previous_response_id: string | null
  prompt_cache_key: string | null
  reasoning: { effort: string | null; summary: string | null }
  safety_identifier: string | null
  service_tier: 'default'
  store: boolean
  temperature: number | null
  text: { format: object; verbosity: string }
  tool_choice: unknown
  tools: readonly object[]
  top_logprobs: 0
  top_p: number | null
  truncation: 'auto' | 'disabled'
  usage: ReturnType<typeof toResponseUsage> | null
  metadata: Readonly<Record<string, string>>
  user?: string
  /** How the answer came about, for a caller who asked. */
  groundwire?: object
}

type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** `code` is OpenAI's of a failed response, not that of the HTTP envelope. */
export type WireError = { code: string; message: string; type: string; param: string | null }

export type OutputItem = MessageItem | FunctionCallItem | CustomCallItem

type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

export type MessageItem = {
  type: 'message'
  id: string
  role: 'assistant'
  status: ItemStatus
  content: readonly OutputText[]
}

export type OutputText = {
  type: 'output_text'
  text: string
  annotations: readonly never[]
  logprobs: readonly never[]
}

/** `namespace` is there where the caller declared the function inside one. */
export type FunctionCallItem = {
  type: 'function_call'
  id: string
  call_id: string
  name: string
  namespace?: string
  arguments: string
  status: ItemStatus
}

export type CustomCallItem = {
  type: 'custom_tool_call'
  id: string
  call_id: string
  name: string
  namespace?: string
  input: string
  status: ItemStatus
}

/** A response with all it takes to go on from it. `input` is the whole conversation before its output. */
export type KeptResponse = {
  response: WireResponse
  input: readonly InputItem[]
}

/** `resp_…`, of the run's id: the ids of items hold it too, so an item is found through its response. */
export const toResponseId = (runId: string) => runId.replace(/^run_/, 'resp_')

const RESPONSE_ID = /^resp_([0-9a-z]{24})$/

/** The run of a response; undefined where the id is none of this gateway's. */
export function toRunId(responseId: string): string | undefined {
  const suffix = RESPONSE_ID.exec(responseId)?.[1]
  return suffix === undefined ? undefined : `run_${suffix}`
}

const ID_OF_ITEM = /^(?:msg|fc|fco|ctc|ctco)_([0-9a-z]+?)(?:i|o)\d+$/i

/** Id of the response that an item of this gateway belongs to. */
export function toResponseIdOfItem(itemId: string): string | undefined {
  const suffix = ID_OF_ITEM.exec(itemId)?.[1]
  return suffix === undefined ? undefined : `resp_${suffix}`
}

/** The sum of all steps: `input_tokens` may exceed the input the caller sees. */
export function toResponseUsage(usage: Usage) {
  const inputTokens = toTokenCount(usage.promptTokens)
  const outputTokens = toTokenCount(usage.completionTokens)
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: toTokenCount(usage.cachedTokens ?? 0), cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: toTokenCount(usage.reasoningTokens ?? 0) },
    total_tokens: inputTokens + outputTokens,
  }
}
