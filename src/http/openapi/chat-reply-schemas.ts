import { z } from 'zod'
import { count, unixSeconds } from './numbers.ts'
import { Trace } from './trace-schema.ts'

const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter'])

export const Usage = z
  .object({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.object({ cached_tokens: count }).optional(),
    completion_tokens_details: z.object({ reasoning_tokens: count }).optional(),
  })
  .meta({ id: 'Usage', description: 'The sum of all steps, so it may exceed what the visible prompt takes.' })

const ToolCall = z
  .object({
    id: z.string(),
    type: z.literal('function'),
    function: z.object({ name: z.string(), arguments: z.string() }),
  })
  .meta({ id: 'ToolCall', description: 'For the caller to run. `arguments` is JSON.' })

const head = { id: z.string().regex(/^chatcmpl-/), created: unixSeconds, model: z.string() }

/** The reply of `POST /v1/chat/completions`. */
export const ChatCompletion = z
  .object({
    ...head,
    object: z.literal('chat.completion'),
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
    ...head,
    object: z.literal('chat.completion.chunk'),
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
