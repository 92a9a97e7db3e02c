import { z } from 'zod'
import type { BadRequestError } from '../../errors.ts'
import type { ClientTool, JsonFormat, Message, ToolChoice } from '../../messages.ts'
import type { ModelParams } from '../../models/model.ts'
import { isHiddenCall } from '../hidden-call.ts'
import { integer } from '../integer.ts'
import { notSupported, parseRequest, toShown, unsupported } from '../parse-request.ts'
import { refuseOtherForm } from '../refuse-other-form.ts'
import { parseWebhook, type Webhook } from '../runs/webhook-field.ts'
import type { FindSchemaFault } from '../schema-faults.ts'
import { SHARED_FIELDS } from '../shared-fields.ts'
import { toMessages } from './chat-messages.ts'
import { toClientTools } from './client-tools.ts'
import { ResponseFormat, toAnswerFormat } from './response-format.ts'
import { toToolChoice } from './tool-choice.ts'

/** A chat completion as the caller ordered it, in our own words. */
export type ChatRequest = {
  model: string
  messages: readonly Message[]
  params: ModelParams
  /** What the caller calls the limit of its answer. */
  lengthField: 'max_tokens' | 'max_completion_tokens'
  /** A chat app asks for itself, not for its user. */
  hidden: boolean
  serverTools: boolean
  clientTools: readonly ClientTool[]
  toolChoice: ToolChoice
  parallelToolCalls: boolean
  format: JsonFormat | undefined
  stream: boolean
  includeUsage: boolean
  trace: boolean
  metadata: Readonly<Record<string, string>> | undefined
  /** Answered at once with the run, which goes on by itself. */
  background: boolean
  webhook: Webhook | undefined
}

export type ChatRequestContext = {
  /** Whether the caller wants the gateway's own tools. */
  serverTools: boolean
  serverToolNames: readonly string[]
  findSchemaFault: FindSchemaFault
  /** Hosts that webhooks may reach though they are not public. */
  egressAllow: readonly string[]
}

/** @throws {@link BadRequestError} */
export function parseChatRequest(body: unknown, context: ChatRequestContext): ChatRequest {
  const { findSchemaFault } = context
  refuseOtherForm(body, RESPONSES_BODY)
  const request = parseRequest(ChatBody, body)
  const background = request.background ?? false
  const messages = toMessages(request.messages)
  const hidden = isHiddenCall(messages)
  const serverTools = context.serverTools && !hidden
  const takenNames = serverTools ? context.serverToolNames : []
  const clientTools = toClientTools(request.tools ?? [], { takenNames, findSchemaFault })
  return {
    model: request.model ?? 'operator',
    messages,
    params: toModelParams(request),
    lengthField: request.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens',
    hidden,
    serverTools,
    clientTools,
    toolChoice: toToolChoice(request.tool_choice, clientTools),
    parallelToolCalls: request.parallel_tool_calls ?? true,
    format: request.response_format ? toAnswerFormat(request.response_format, findSchemaFault) : undefined,
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    trace: request.groundwire?.trace ?? false,
    metadata: request.metadata ?? undefined,
    background,
    webhook: parseWebhook(request.groundwire?.webhook, { background, egressAllow: context.egressAllow }),
  }
}

const RESPONSES_BODY = { lacks: 'messages', has: 'input', hint: "Use POST /v1/responses for a body with 'input'." }

const penalty = z.number().min(-2).max(2).nullish()
const tokens = integer(1).nullish()
const isUnset = (value: unknown) =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
const onlyValue = (param: string, only: unknown) =>
  unsupported(
    'unsupported_value',
    ({ input }) =>
      `Unsupported value: '${param}' does not support ${toShown(JSON.stringify(input))} with this model. Only ${JSON.stringify(only)} is supported.`,
  )

const stop = z
  .union([z.string().transform((sequence): unknown[] => [sequence]), z.array(z.unknown())], {
    error: 'one of a string or array of strings',
  })
  .pipe(z.array(z.unknown()).max(4))
  .pipe(z.array(z.string()))

export const ChatBody = z.object({
  messages: z.array(z.unknown()).min(1),
  ...SHARED_FIELDS,
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  max_completion_tokens: tokens,
  max_tokens: tokens,
  stop: stop.nullish(),
  n: integer(1, 128)
    .refine((n) => n === 1, onlyValue('n', 1))
    .nullish(),
  seed: integer().nullish(),
  frequency_penalty: penalty,
  presence_penalty: penalty,
  logit_bias: z.record(z.string(), z.unknown()).refine(isUnset, notSupported('logit_bias')).nullish(),
  logprobs: z
    .boolean()
    .refine((on) => !on, onlyValue('logprobs', false))
    .nullish(),
  functions: z.array(z.unknown()).refine(isUnset, notSupported('functions', " Use 'tools'.")).nullish(),
  function_call: z
    .unknown()
    .refine(
      (choice) => isUnset(choice) || choice === 'auto' || choice === 'none',
      notSupported('function_call', " Use 'tool_choice'."),
    )
    .optional(),
  background: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  modalities: z
    .array(z.unknown())
    .refine((kinds) => kinds.every((kind) => kind === 'text'), onlyValue('modalities', ['text']))
    .nullish(),
  audio: z.unknown().refine(isUnset, notSupported('audio')).optional(),
  web_search_options: z
    .unknown()
    .refine((options) => options == null, notSupported('web_search_options'))
    .optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
})

function toModelParams(request: z.output<typeof ChatBody>): ModelParams {
  const stop = request.stop?.filter((sequence) => sequence !== '') // an empty one would end every answer at once
  return withoutUnset({
    temperature: request.temperature,
    topP: request.top_p,
    maxTokens: request.max_completion_tokens ?? request.max_tokens,
    stop: stop?.length ? stop : undefined,
    seed: request.seed,
    frequencyPenalty: request.frequency_penalty,
    presencePenalty: request.presence_penalty,
  })
}

function withoutUnset<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: NonNullable<Fields[Key]> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(set) as { [Key in keyof Fields]?: NonNullable<Fields[Key]> }
}
