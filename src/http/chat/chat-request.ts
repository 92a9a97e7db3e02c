import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { ClientTool, JsonFormat, Message, ToolChoice } from '../../messages.ts'
import type { ModelParams } from '../../models/model.ts'
import { parseRequest, unsupported } from '../parse-request.ts'
import type { FindSchemaFault } from '../schema-faults.ts'
import { toMessages } from './chat-messages.ts'
import { toClientTools } from './client-tools.ts'
import { isHiddenCall } from './hidden-call.ts'
import { ResponseFormat, toJsonFormat } from './response-format.ts'
import { toToolChoice } from './tool-choice.ts'

/** A chat completion as the caller ordered it, in our own words. */
export type ChatRequest = {
  model: string
  messages: readonly Message[]
  params: ModelParams
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
}

export type ChatRequestContext = {
  /** Whether the caller wants the gateway's own tools. */
  serverTools: boolean
  serverToolNames: readonly string[]
  findSchemaFault: FindSchemaFault
}

/** @throws {@link BadRequestError} */
export function parseChatRequest(body: unknown, context: ChatRequestContext): ChatRequest {
  const { findSchemaFault } = context
  refuseResponsesBody(body)
  const request = parseRequest(ChatBody, body)
  const messages = toMessages(request.messages)
  const hidden = isHiddenCall(messages)
  const serverTools = context.serverTools && !hidden
  const takenNames = serverTools ? context.serverToolNames : []
  const clientTools = toClientTools(request.tools ?? [], { takenNames, findSchemaFault })
  return {
    model: request.model ?? 'operator',
    messages,
    params: toModelParams(request),
    hidden,
    serverTools,
    clientTools,
    toolChoice: toToolChoice(request.tool_choice, clientTools),
    parallelToolCalls: request.parallel_tool_calls ?? true,
    format: request.response_format ? toJsonFormat(request.response_format, findSchemaFault) : undefined,
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    trace: request.groundwire?.trace ?? false,
    metadata: request.metadata ?? undefined,
  }
}

/** Some editors post the body of one API to the route of the other. */
function refuseResponsesBody(body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  const { messages, input } = body as { messages?: unknown; input?: unknown }
  if (messages != null || input == null) return
  throw new BadRequestError("Missing required parameter: 'messages'. Use POST /v1/responses for a body with 'input'.", {
    param: 'messages',
    code: 'missing_required_parameter',
  })
}

// `null` means unset for every optional field; many clients send it. Lists are checked for length, then for what they
// hold, so that a megabyte of wrong elements makes one complaint and not a million.
const penalty = z.number().min(-2).max(2).nullish()
const tokens = z.int().min(1).nullish()
const text = z.string().nullish()
const isUnset = (value: unknown) =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)
const notSupported = (param: string, hint = '') =>
  unsupported('unsupported_parameter', `Unsupported parameter: '${param}' is not supported with this model.${hint}`)
const onlyValue = (param: string, only: string, toValue: (value: unknown) => unknown = (value) => value) =>
  unsupported(
    'unsupported_value',
    ({ input }) =>
      `Unsupported value: '${param}' does not support ${toValue(input)} with this model. Only ${only} is supported.`,
  )

const stop = z
  .union([z.string().transform((sequence): unknown[] => [sequence]), z.array(z.unknown())], {
    error: 'one of a string or array of strings',
  })
  .pipe(z.array(z.unknown()).max(4))
  .pipe(z.array(z.string()))

const metadata = z
  .record(z.string(), z.unknown())
  .refine((pairs) => Object.keys(pairs).length <= 16, {
    error: "Invalid 'metadata': too many properties. Expected an object with at most 16 properties.",
  })
  .pipe(z.record(z.string().max(64), z.string().max(512)))

const toolChoice = z.union([z.string(), z.looseObject({})], { error: 'one of a string or an object' })

export const ChatBody = z.object({
  messages: z.array(z.unknown()).min(1),
  model: text,
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  max_completion_tokens: tokens,
  max_tokens: tokens,
  stop: stop.nullish(),
  n: z
    .int()
    .min(1)
    .max(128)
    .refine((n) => n === 1, onlyValue('n', '1'))
    .nullish(),
  seed: z.int().nullish(),
  frequency_penalty: penalty,
  presence_penalty: penalty,
  logit_bias: z.record(z.string(), z.unknown()).refine(isUnset, notSupported('logit_bias')).nullish(),
  logprobs: z
    .boolean()
    .refine((on) => !on, onlyValue('logprobs', 'false'))
    .nullish(),
  top_logprobs: z
    .int()
    .min(0)
    .max(20)
    .refine((count) => count === 0, notSupported('top_logprobs'))
    .nullish(),
  tools: z.array(z.unknown()).max(128).nullish(),
  functions: z.array(z.unknown()).refine(isUnset, notSupported('functions', " Use 'tools'.")).nullish(),
  tool_choice: toolChoice.nullish(),
  function_call: z
    .unknown()
    .refine(
      (choice) => isUnset(choice) || choice === 'auto' || choice === 'none',
      notSupported('function_call', " Use 'tool_choice'."),
    )
    .optional(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  modalities: z
    .array(z.unknown())
    .refine(
      (kinds) => kinds.every((kind) => kind === 'text'),
      onlyValue('modalities', "'text'", () => 'other kinds'),
    )
    .nullish(),
  audio: z.unknown().refine(isUnset, notSupported('audio')).optional(),
  web_search_options: z
    .unknown()
    .refine((options) => options == null, notSupported('web_search_options'))
    .optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).nullish(),
  metadata: metadata.nullish(),
  user: text,
  safety_identifier: z.string().max(64).nullish(),
  prompt_cache_key: text,
  store: z.boolean().nullish(),
  groundwire: z.object({ trace: z.boolean().nullish() }).nullish(),
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
