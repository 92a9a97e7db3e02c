import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { JsonFormat, ToolChoice } from '../../messages.ts'
import type { ModelParams } from '../../models/model.ts'
import type { ToolCheckContext } from '../check-tool.ts'
import { integer } from '../integer.ts'
import { notSupported, parseRequest } from '../parse-request.ts'
import { refuseOtherForm } from '../refuse-other-form.ts'
import { parseWebhook, type Webhook } from '../runs/webhook-field.ts'
import { SHARED_FIELDS } from '../shared-fields.ts'
import { type OfferedTools, parseTools } from './offered-tools.ts'
import { type TextFormat, textFormat, toAnswerFormat } from './text-format.ts'
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
  webhook: Webhook | undefined
  trace: boolean
  /** What the reply repeats as it was asked for. */
  echo: ResponseEcho
}

type ResponseEcho = {
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
export function parseResponseRequest(
  body: unknown,
  context: ToolCheckContext & { egressAllow: readonly string[] },
): ResponseRequest {
  refuseOtherForm(body, CHAT_BODY)
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
    format: toAnswerFormat(format, context.findSchemaFault),
    stream,
    store,
    background,
    webhook: parseWebhook(request.groundwire?.webhook, { background, egressAllow: context.egressAllow }),
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

const CHAT_BODY = {
  lacks: 'input',
  has: 'messages',
  hint: "Use POST /v1/chat/completions for a body with 'messages'.",
}

const isUnset = (value: unknown) => value == null

/** Other fields of the API are read by nothing here, and ignored. */
export const ResponseBody = z.object({
  input: z.union([z.string(), z.array(z.unknown()).min(1)], { error: 'one of a string or array of objects' }),
  ...SHARED_FIELDS,
  instructions: z.string().nullish(),
  previous_response_id: z.string().max(128).nullish(),
  max_tool_calls: integer(1).nullish(),
  text: z.object({ format: textFormat.nullish(), verbosity: z.enum(['low', 'medium', 'high']).nullish() }).nullish(),
  max_output_tokens: integer(1).nullish(),
  background: z.boolean().nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  reasoning: z.object({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  conversation: z.unknown().refine(isUnset, notSupported('conversation', " Use 'previous_response_id'.")).optional(),
  prompt: z.unknown().refine(isUnset, notSupported('prompt', " Use 'instructions'.")).optional(),
})
