import { z } from 'zod'

const count = z.int().min(0)
const unixSeconds = z.int().min(0).meta({ description: 'Unix time in seconds.' })
const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter'])
const hex = z.string().regex(/^0x[0-9a-f]*$/)

const Usage = z
  .object({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.object({ cached_tokens: count }).optional(),
    completion_tokens_details: z.object({ reasoning_tokens: count }).optional(),
  })
  .meta({ id: 'Usage', description: 'The sum of all steps, so it may exceed what the visible prompt takes.' })

const Block = z
  .object({ chain: z.string(), chain_id: count, number: z.string(), hash: hex, timestamp: unixSeconds })
  .meta({ id: 'Block' })

/** What a reply tells of its run under the key `groundwire`. */
export const Trace = z
  .object({
    run_id: z.string(),
    backend: z.string(),
    steps: count,
    limit: z.string().nullable(),
    tool_calls: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        arguments: z.string(),
        ok: z.boolean(),
        summary: z.string(),
        duration_ms: z.number().min(0),
      }),
    ),
    blocks: z.array(Block),
    reorgs: z.array(Block),
    evidence: z.array(
      z.object({
        chain_id: count,
        method: z.string(),
        params: z.unknown(),
        block_number: z.string().nullable(),
        result_digest: z.string(),
      }),
    ),
  })
  .meta({ id: 'Trace', description: 'How the answer came about: tool calls, blocks and the reads behind each figure.' })

const ToolCall = z
  .object({
    id: z.string(),
    type: z.literal('function'),
    function: z.object({ name: z.string(), arguments: z.string() }),
  })
  .meta({ id: 'ToolCall', description: 'For the caller to run. `arguments` is JSON.' })

/** The reply of `POST /v1/chat/completions`. */
export const ChatCompletion = z
  .object({
    id: z.string().regex(/^chatcmpl-/),
    object: z.literal('chat.completion'),
    created: unixSeconds,
    model: z.string(),
    choices: z
      .array(
        z.object({
          index: z.literal(0),
          message: z.object({
            role: z.literal('assistant'),
            content: z.string().nullable(),
            refusal: z.null(),
            tool_calls: z.array(ToolCall).min(1).optional(),
          }),
          logprobs: z.null(),
          finish_reason: finishReason,
        }),
      )
      .length(1),
    usage: Usage,
    groundwire: Trace.optional(),
  })
  .meta({ id: 'ChatCompletion' })

const ToolCallFragment = z.object({
  index: count,
  id: z.string().optional(),
  type: z.literal('function').optional(),
  function: z.object({ name: z.string().optional(), arguments: z.string() }),
})

/** One `data:` line of a streamed reply. */
export const ChatCompletionChunk = z
  .object({
    id: z.string().regex(/^chatcmpl-/),
    object: z.literal('chat.completion.chunk'),
    created: unixSeconds,
    model: z.string(),
    choices: z
      .array(
        z.object({
          index: z.literal(0),
          delta: z.object({
            role: z.literal('assistant').optional(),
            content: z.string().optional(),
            tool_calls: z.array(ToolCallFragment).min(1).optional(),
          }),
          finish_reason: finishReason.nullable(),
        }),
      )
      .max(1),
    usage: Usage.nullish(),
    groundwire: Trace.optional(),
  })
  .meta({ id: 'ChatCompletionChunk' })
