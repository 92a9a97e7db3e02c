import {
  type BackendWire,
  type Script,
  type ScriptedBackend,
  type ScriptedReply,
  startScriptedBackend,
  toPieces,
} from './scripted-backend.ts'

export type ScriptedOpenAIOptions = {
  /** Model ids of `/v1/models`. Default `gpt-test`; another id in a chat request is a 404. */
  models?: readonly string[]
  /** Fields that this server does not know yet: a request that has one is a 400. */
  refusedFields?: readonly ('response_format' | 'tool_choice' | 'strict')[]
}

/**
 * Speaks OpenAI's `/v1/chat/completions` (SSE and plain) and `/v1/models`, and refuses what the real one refuses of tools
 * and formats. The base URL is `${url}/v1`.
 */
export function scriptedOpenAI(
  script: Script,
  { models = ['gpt-test'], refusedFields = [] }: ScriptedOpenAIOptions = {},
): Promise<ScriptedBackend> {
  const wire: BackendWire = {
    chatPath: '/v1/chat/completions',
    other({ path }, send) {
      if (path !== '/v1/models') return send(toErrorBody(`Unknown request URL: ${path}`, 404), 404)
      send({ object: 'list', data: models.map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'test' })) })
    },
    refuse({ body }, send) {
      if (!models.includes(body?.model)) {
        send(toErrorBody({ message: `The model '${body?.model}' does not exist.`, code: 'model_not_found' }, 404), 404)
        return true
      }
      const unknown = refusedFields.find((field) => JSON.stringify(body).includes(`"${field}":`))
      const fault = unknown === undefined ? faultOf(body) : `Unknown parameter: '${unknown}'.`
      if (fault !== undefined) send(toErrorBody(fault, 400), 400)
      return fault !== undefined
    },
    errorBody: toErrorBody,
    errorFrame: (error) => `data: ${JSON.stringify(toErrorBody(error, 500))}\n\n`,
    contentType: ({ body }) => (body.stream ? 'text/event-stream; charset=utf-8' : 'application/json'),
    frames: (reply, { body }) => (body.stream ? events(reply, body) : whole(reply, body.model)),
  }
  return startScriptedBackend(script, wire)
}

// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
function faultOf({ messages, tools, tool_choice, response_format: format }: any): string | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: the same
  for (const tool of (tools ?? []).map((tool: any) => tool.function)) {
    if (!NAME.test(tool?.name ?? '')) return "Invalid 'tools[0].function.name': string does not match pattern."
    if (tool.strict === true && !isClosed(tool.parameters)) return `Invalid schema for function '${tool.name}'`
  }
  if (tool_choice !== undefined && tools === undefined) {
    return "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
  }
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      if (/json/i.test(JSON.stringify(messages))) return undefined
      return "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    case 'json_schema': {
      const { name, schema, strict } = format.json_schema ?? {}
      if (!NAME.test(name ?? '')) return "Missing required parameter: 'response_format.json_schema.name'."
      if (strict === true && !isClosed(schema)) return `Invalid schema for response_format '${name}'`
      return undefined
    }
    default:
      return `Invalid value: '${format.type}'. Supported values are: 'json_object', 'json_schema', and 'text'.`
  }
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** The first thing that `strict` asks of a schema. */
// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
const isClosed = (schema: any) =>
  schema?.type === 'object' &&
  schema.additionalProperties === false &&
  Object.keys(schema.properties ?? {}).every((key) => schema.required?.includes(key))

const CREATED = 1_767_225_600
const ID = 'chatcmpl-scripted'

function toErrorBody(error: string | Record<string, unknown>, status: number) {
  const fields = typeof error === 'string' ? { message: error } : error
  return {
    error: { type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code: null, ...fields },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
function events(reply: ScriptedReply, body: any) {
  const withUsage = body.stream_options?.include_usage === true
  const event = (fields: Record<string, unknown>) =>
    `data: ${JSON.stringify({ id: ID, object: 'chat.completion.chunk', created: CREATED, model: body.model, ...fields })}\n\n`
  const delta = (fields: Record<string, unknown>, finish: string | null = null) =>
    event({ choices: [{ index: 0, delta: fields, finish_reason: finish }], ...(withUsage ? { usage: null } : {}) })
  const toolCall = (fields: Record<string, unknown>) => delta({ tool_calls: [fields] })
  const usage = toUsage(reply)
  return {
    head: [
      delta({ role: 'assistant', content: '' }),
      ...toPieces(reply.thinking).map((text) => delta({ reasoning_content: text })),
      ...toPieces(reply.text).map((content) => delta({ content })),
      ...(reply.toolCalls ?? []).flatMap(({ id, name, arguments: args = {}, index: given }, position) => {
        const index = given ?? position
        const fragments = toArgumentsText(args).match(/[\s\S]{1,8}/g) ?? []
        return [
          toolCall({ index, ...(id === undefined ? {} : { id }), type: 'function', function: { name, arguments: '' } }),
          ...fragments.map((fragment) => toolCall({ index, function: { arguments: fragment } })),
        ]
      }),
    ],
    tail: [
      delta({}, finishOf(reply)),
      ...(withUsage && usage !== null ? [event({ choices: [], usage })] : []),
      'data: [DONE]\n\n',
    ],
  }
}

function whole(reply: ScriptedReply, model: string) {
  const calls = reply.toolCalls?.map(({ id, name, arguments: args = {} }) => ({
    ...(id === undefined ? {} : { id }),
    type: 'function',
    function: { name, arguments: toArgumentsText(args) },
  }))
  const message = {
    role: 'assistant',
    content: reply.text === undefined ? null : toPieces(reply.text).join(''),
    ...(calls === undefined ? {} : { tool_calls: calls }),
  }
  const completion = {
    id: ID,
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [{ index: 0, message, finish_reason: finishOf(reply) }],
    usage: toUsage(reply),
  }
  return { head: [], tail: [JSON.stringify(completion)] }
}

const finishOf = ({ finish, toolCalls }: ScriptedReply) => finish ?? (toolCalls?.length ? 'tool_calls' : 'stop')
const toArgumentsText = (args: unknown) => (typeof args === 'string' ? args : JSON.stringify(args))

function toUsage({ usage = { promptTokens: 26, completionTokens: 7 } }: ScriptedReply) {
  if (usage === null) return null
  const { promptTokens, completionTokens } = usage
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}
