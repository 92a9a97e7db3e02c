import { z } from 'zod'
import { count, unixSeconds } from './numbers.ts'
import { Trace } from './trace-schema.ts'

const status = z.enum(['in_progress', 'completed', 'incomplete'])
const callFields = { id: z.string(), call_id: z.string(), name: z.string(), namespace: z.string().optional(), status }

const OutputText = z.object({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()).max(0),
  logprobs: z.array(z.unknown()).max(0),
})

const MessageItem = z.object({
  type: z.literal('message'),
  id: z.string(),
  role: z.literal('assistant'),
  status,
  content: z.array(OutputText),
})

const FunctionCallItem = z.object({ type: z.literal('function_call'), ...callFields, arguments: z.string() })
const CustomCallItem = z.object({ type: z.literal('custom_tool_call'), ...callFields, input: z.string() })

const OutputItem = z
  .discriminatedUnion('type', [MessageItem, FunctionCallItem, CustomCallItem])
  .meta({ id: 'OutputItem' })

/** The reply of `POST /v1/responses`, and what is kept of it. */
export const ResponseReply = z
  .object({
    id: z.string().regex(/^resp_/),
    object: z.literal('response'),
    created_at: unixSeconds,
    completed_at: unixSeconds.nullable(),
    status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
    background: z.boolean(),
    error: z
      .object({ code: z.string(), message: z.string(), type: z.string(), param: z.string().nullable() })
      .nullable(),
    incomplete_details: z.object({ reason: z.enum(['max_output_tokens', 'content_filter']) }).nullable(),
    instructions: z.string().nullable(),
    max_output_tokens: count.nullable(),
    max_tool_calls: count.nullable(),
    model: z.string(),
    output: z.array(OutputItem),
    parallel_tool_calls: z.boolean(),
    previous_response_id: z.string().nullable(),
    prompt_cache_key: z.string().nullable(),
    reasoning: z.object({ effort: z.string().nullable(), summary: z.string().nullable() }),
    safety_identifier: z.string().nullable(),
    service_tier: z.literal('default'),
    store: z.boolean(),
    temperature: z.number().nullable(),
    text: z.object({ format: z.looseObject({ type: z.string() }), verbosity: z.string() }),
    tool_choice: z.union([z.string(), z.looseObject({})]),
    tools: z.array(z.looseObject({ type: z.string() })),
    top_logprobs: z.literal(0),
    top_p: z.number().nullable(),
    truncation: z.enum(['auto', 'disabled']),
    usage: z
      .object({
        input_tokens: count,
        input_tokens_details: z.object({ cached_tokens: count, cache_write_tokens: count }),
        output_tokens: count,
        output_tokens_details: z.object({ reasoning_tokens: count }),
        total_tokens: count,
      })
      .nullable(),
    metadata: z.record(z.string(), z.string()),
    user: z.string().optional(),
    groundwire: Trace.optional(),
  })
  .meta({ id: 'Response' })

/** One event of a stream: which fields there are depends on its type. */
export const ResponseEvent = z
  .looseObject({ type: z.string().meta({ example: 'response.output_text.delta' }), sequence_number: count })
  .meta({ id: 'ResponseEvent' })

export const DeletedResponse = z
  .object({ id: z.string(), object: z.literal('response'), deleted: z.literal(true) })
  .meta({ id: 'DeletedResponse' })

/** What a response was asked, as items. */
export const InputItemList = z
  .object({
    object: z.literal('list'),
    data: z.array(z.looseObject({ type: z.string(), id: z.string() })),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .meta({ id: 'InputItemList' })
