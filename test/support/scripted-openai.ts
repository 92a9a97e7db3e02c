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
}

/** Speaks OpenAI's `/v1/chat/completions` (SSE and plain) and `/v1/models`. The base URL is `${url}/v1`. */
export function scriptedOpenAI(
  script: Script,
  { models = ['gpt-test'] }: ScriptedOpenAIOptions = {},
): Promise<ScriptedBackend> {
  const wire: BackendWire = {
    chatPath: '/v1/chat/completions',
    other({ path }, send) {
      if (path !== '/v1/models') return send(toErrorBody(`Unknown request URL: ${path}`, 404), 404)
      send({ object: 'list', data: models.map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'test' })) })
    },
    refuse({ body }, send) {
      if (models.includes(body?.model)) return false
      send(toErrorBody({ message: `The model '${body?.model}' does not exist.`, code: 'model_not_found' }, 404), 404)
      return true
    },
    errorBody: toErrorBody,
    errorFrame: (error) => `data: ${JSON.stringify(toErrorBody(error, 500))}\n\n`,
    contentType: ({ body }) => (body.stream ? 'text/event-stream; charset=utf-8' : 'application/json'),
    frames: (reply, { body }) => (body.stream ? events(reply, body) : whole(reply, body.model)),
  }
  return startScriptedBackend(script, wire)
}

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
