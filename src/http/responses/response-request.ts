import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { JsonFormat, ToolChoice } from '../../messages.ts'
import type { ModelParams } from '../../models/model.ts'
import { parseRequest, unsupported } from '../parse-request.ts'
import { type OfferedTools, type OfferedToolsContext, parseTools } from './offered-tools.ts'
import { type TextFormat, textFormat, toJsonFormat } from './text-format.ts'
import { toToolChoice } from './tool-choice.ts'

/** A response as the caller ordered it. `input` is parsed apart, as it may refer to what is kept. */
export type ResponseRequest = {
  model: string
  input: string | readonly unknown[]
  instructions: string | undefined
  previousResponseId: string | undefined
  params: ModelParams
  offered: OfferedTools
  toolChoice: ToolChoice
  parallelToolCalls: boolean
  format: JsonFormat | undefined
  stream: boolean
  store: boolean
  background: boolean
  trace: boolean
  /** What the reply repeats as it was asked for. */
  echo: ResponseEcho
}

export type ResponseEcho = {
  toolChoice: unknown
  textFormat: TextFormat
  verbosity: string
  maxToolCalls: number | null
  promptCacheKey: string | null
  reasoning: { effort: string | null; summary: string | null }
  safetyIdentifier: string | null
  truncation: 'auto' | 'disabled'
  metadata: Readonly<Record<string, string>>
  user: string | undefined
}

/** @throws {@link BadRequestError} */
export function parseResponseRequest(body: unknown, context: OfferedToolsContext): ResponseRequest {
  refuseChatBody(body)
  const request = parseRequest(ResponseBody, body)
  const stream = request.stream ?? false
  const store = request.store ?? true
  const background = request.background ?? false
  if (background && !store) {
    throw new BadRequestError("Background mode requires 'store' to be true.", { param: 'store', code: 'invalid_value' })
  }
  const offered = parseTools(request.tools ?? [], context)
  const format = request.text?.format ?? { type: 'text' as const }
  return {
    model: request.model ?? 'operator',
    input: request.input,
    instructions: request.instructions ?? undefined,
    previousResponseId: request.previous_response_id ?? undefined,
    params: {
      ...(request.temperature != null && { temperature: request.temperature }),
      ...(request.top_p != null && { topP: request.top_p }),
      ...(request.max_output_tokens != null && { maxTokens: request.max_output_tokens }),
    },
    offered,
    toolChoice: toToolChoice(request.tool_choice, offered.callers),
    parallelToolCalls: request.parallel_tool_calls ?? true,
    format: toJsonFormat(format, context.findSchemaFault),
    stream,
    store,
    background,
    trace: request.groundwire?.trace ?? false,
    echo: {
      toolChoice: request.tool_choice ?? 'auto',
      textFormat: format,
      verbosity: request.text?.verbosity ?? 'medium',
      maxToolCalls: request.max_tool_calls ?? null,
      promptCacheKey: request.prompt_cache_key ?? null,
      reasoning: { effort: request.reasoning?.effort ?? null, summary: request.reasoning?.summary ?? null },
      safetyIdentifier: request.safety_identifier ?? null,
      truncation: request.truncation ?? 'disabled',
      metadata: request.metadata ?? {},
      user: request.user ?? undefined,
    },
  }
}

/** Some editors post the body of one API to the route of the other. */
function refuseChatBody(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const { messages, input } = body as { messages?: unknown; input?: unknown }
  if (messages == null || input != null) return
  throw new BadRequestError(
    "Missing required parameter: 'input'. Use POST /v1/chat/completions for a body with 'messages'.",
    { param: 'input', code: 'missing_required_parameter' },
  )
}

// `null` means unset for every optional field. Lists are checked for length, then for what they hold, so that a megabyte
// of wrong elements makes one complaint and not a million.
const text = z.string().nullish()
const notSupported = (param: string, hint = '') =>
  z
    .unknown()
    .refine(
      (value) => value == null,
      unsupported(
        'unsupported_parameter',
        `Unsupported parameter: '${param}' is not supported with this model.${hint}`,
      ),
    )
    .optional()

const metadata = z
  .record(z.string(), z.unknown())
  .refine((pairs) => Object.keys(pairs).length <= 16, {
    error: "Invalid 'metadata': too many properties. Expected an object with at most 16 properties.",
  })
  .pipe(z.record(z.string().max(64), z.string().max(512)))

/** Other fields of the API are read by nothing here, and ignored. */
export const ResponseBody = z.object({
  input: z.union([z.string(), z.array(z.unknown()).min(1)], { error: 'one of a string or array of objects' }),
  model: text,
  instructions: text,
  previous_response_id: z.string().max(128).nullish(),
  tools: z.array(z.unknown()).max(128).nullish(),
  tool_choice: z.union([z.string(), z.looseObject({})], { error: 'one of a string or an object' }).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  max_tool_calls: z.int().min(1).nullish(),
  text: z.object({ format: textFormat.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() }).nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_logprobs: z
    .int()
    .min(0)
    .max(20)
    .refine(
      (count) => count === 0,
      unsupported('unsupported_parameter', "Unsupported parameter: 'top_logprobs' is not supported with this model."),
    )
    .nullish(),
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  background: z.boolean().nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  reasoning: z.object({ effort: text, summary: text }).nullish(),
  metadata: metadata.nullish(),
  user: text,
  safety_identifier: z.string().max(64).nullish(),
  prompt_cache_key: text,
  conversation: notSupported('conversation', " Use 'previous_response_id'."),
  prompt: notSupported('prompt', " Use 'instructions'."),
  groundwire: z.object({ trace: z.boolean().nullish() }).nullish(),
})
