import { z } from 'zod'
import type { Message } from '../../messages.ts'
import type { ModelParams } from '../../models/model.ts'
import { parseRequest, unsupported } from '../parse-request.ts'
import { toMessages } from './chat-messages.ts'

/** A chat completion as the caller ordered it, in our own words. */
export type ChatRequest = {
  model: string
  messages: readonly Message[]
  params: ModelParams
  stream: boolean
  includeUsage: boolean
  trace: boolean
  metadata: Readonly<Record<string, string>> | undefined
}

/** @throws {@link BadRequestError} */
export function parseChatRequest(body: unknown): ChatRequest {
  const request = parseRequest(ChatBody, body)
  return {
    model: request.model ?? 'operator',
    messages: toMessages(request.messages),
    params: toModelParams(request),
    stream: request.stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    trace: request.groundwire?.trace ?? false,
    metadata: request.metadata ?? undefined,
  }
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

const toolChoice = z
  .union([z.string(), z.looseObject({})], { error: 'one of a string or an object' })
  .refine((choice) => choice === 'auto' || choice === 'none', {
    error: "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
  })

const ResponseFormat = z.object({ type: z.enum(['text', 'json_object', 'json_schema']) })
const responseFormat = ResponseFormat.refine(
  ({ type }) => type === 'text',
  onlyValue('response_format', "'text'", (format) => `'${(format as z.output<typeof ResponseFormat>).type}'`),
)

const ChatBody = z.object({
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
  tools: z
    .array(z.unknown())
    .max(128)
    .refine(isUnset, notSupported('tools', " The gateway's own on-chain tools are always at hand."))
    .nullish(),
  functions: z.array(z.unknown()).refine(isUnset, notSupported('functions')).nullish(),
  tool_choice: toolChoice.nullish(),
  function_call: z
    .unknown()
    .refine((choice) => isUnset(choice) || choice === 'auto' || choice === 'none', notSupported('function_call'))
    .optional(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
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
