import {
  type BackendWire,
  type Script,
  type ScriptedBackend,
  type ScriptedReply,
  type ScriptedToolCall,
  startScriptedBackend,
  toPieces,
} from './scripted-backend.ts'

export type ScriptedOllamaOptions = {
  /** Tags that are pulled. Default `qwen3:8b`. */
  models?: readonly string[]
  capabilities?: readonly string[]
}

/** Speaks Ollama's native API (`/api/chat` as NDJSON), and refuses what the real one refuses. */
export function scriptedOllama(
  script: Script,
  { models = ['qwen3:8b'], capabilities = ['completion', 'tools'] }: ScriptedOllamaOptions = {},
): Promise<ScriptedBackend> {
  const isPulled = (name: string) => models.some((model) => withTag(model) === withTag(name))
  const model = (name: string) => ({
    name: withTag(name),
    model: withTag(name),
    modified_at: CREATED_AT,
    size: 5_225_388_164,
    digest: 'a'.repeat(64),
    details: { format: 'gguf', family: 'qwen3', parameter_size: '8.2B', quantization_level: 'Q4_K_M' },
  })

  const wire: BackendWire = {
    chatPath: '/api/chat',
    other({ path, body }, send) {
      if (path === '/') return send('Ollama is running')
      if (path === '/api/version') return send({ version: '0.12.6' })
      if (path === '/api/tags') return send({ models: models.map(model) })
      if (path === '/api/ps') return send({ models: [] })
      if (path === '/api/show') {
        if (!isPulled(body?.model ?? '')) return send({ error: `model '${body?.model}' not found` }, 404)
        return send({ capabilities, details: {}, model_info: { 'qwen3.context_length': 40_960 }, template: '' })
      }
      return send('404 page not found', 404)
    },
    refuse({ body }, send) {
      const refusal = refusalOf(body, isPulled, capabilities)
      if (refusal !== undefined) send({ error: refusal.error }, refusal.status)
      return refusal !== undefined
    },
    errorBody: toErrorBody,
    errorFrame: (error) => `${JSON.stringify(toErrorBody(error))}\n`,
    contentType: ({ body }) => (body.stream === false ? 'application/json; charset=utf-8' : 'application/x-ndjson'),
    frames: (reply, { body }) => (body.stream === false ? whole(reply, body.model) : lines(reply, body.model)),
  }
  return startScriptedBackend(script, wire)
}

const CREATED_AT = '2026-01-01T00:00:00.000000000Z'
const withTag = (name: string) => (name.includes(':') ? name : `${name}:latest`)

// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
function refusalOf(body: any, isPulled: (name: string) => boolean, capabilities: readonly string[]) {
  const refuse = (status: number, error: string) => ({ status, error })
  if (body?.model === undefined) return refuse(400, 'model is required')
  if (!isPulled(body.model)) return refuse(404, `model '${body.model}' not found`)
  for (const message of body.messages ?? []) {
    if (message.content !== null && message.content !== undefined && typeof message.content !== 'string') {
      return refuse(400, goType('array', 'ChatRequest.messages.content', 'string'))
    }
    for (const call of message.tool_calls ?? []) {
      if (typeof call.function?.arguments !== 'object') {
        return refuse(400, goType('string', 'ChatRequest.messages.tool_calls', 'api.ToolCallFunctionArguments'))
      }
    }
  }
  for (const tool of body.tools ?? []) {
    const fault = toolFaultOf(tool)
    if (fault !== undefined) return refuse(400, fault)
  }
  if (body.format !== undefined && body.format !== null && body.format !== 'json' && !isObject(body.format)) {
    const got = JSON.stringify(body.format)
    return refuse(400, `invalid format: ${got}; expected "json" or a valid JSON Schema object`)
  }
  if (body.options?.stop !== undefined && !Array.isArray(body.options.stop)) {
    return refuse(500, 'option "stop" must be of type array')
  }
  const needed = [...(body.tools?.length ? ['tools'] : []), ...(body.think ? ['thinking'] : [])]
  const missing = needed.find((capability) => !capabilities.includes(capability))
  if (missing !== undefined) return refuse(400, `"${body.model}" does not support ${missing}`)
  return undefined
}

/** What the typed structs of `api.ToolFunction` do not take. */
// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
function toolFaultOf({ function: tool }: any): string | undefined {
  if (typeof tool?.name !== 'string' || tool.name === '') return 'tool function name is required'
  const { parameters } = tool
  if (parameters === undefined) return undefined
  if (!isObject(parameters)) return goType(goKind(parameters), 'ToolFunction.parameters', 'api.ToolFunctionParameters')
  if (parameters.type !== undefined && typeof parameters.type !== 'string') {
    return goType(goKind(parameters.type), 'ToolFunctionParameters.parameters.type', 'string')
  }
  return propertyFaultOf({ properties: parameters.properties, required: parameters.required })
}

// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
function propertyFaultOf(schema: any): string | undefined {
  if (!isObject(schema))
    return goType(goKind(schema), 'ToolFunctionParameters.parameters.properties', 'api.ToolProperty')
  const { properties, required, description, enum: values, anyOf, type } = schema
  const refuse = (field: string, value: unknown, wanted: string) =>
    goType(goKind(value), `ToolFunctionParameters.parameters.properties.${field}`, wanted)
  if (properties !== undefined && !isObject(properties)) {
    return goType(goKind(properties), 'ToolFunctionParameters.parameters.properties', 'map[string]api.ToolProperty')
  }
  if (required !== undefined && !isTexts(required)) return refuse('required', required, '[]string')
  if (type !== undefined && typeof type !== 'string' && !isTexts(type)) return refuse('type', type, 'api.PropertyType')
  if (description !== undefined && typeof description !== 'string') return refuse('description', description, 'string')
  if (values !== undefined && !Array.isArray(values)) return refuse('enum', values, '[]interface {}')
  if (anyOf !== undefined && !Array.isArray(anyOf)) return refuse('anyOf', anyOf, '[]api.ToolProperty')
  const children = [...Object.values(properties ?? {}), ...(anyOf ?? [])]
  return children.map(propertyFaultOf).find((fault) => fault !== undefined)
}

const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')

// biome-ignore lint/suspicious/noExplicitAny: the body is whatever the caller sent
const isObject = (value: unknown): value is Record<string, any> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const goKind = (value: unknown) => {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

const goType = (got: string, field: string, type: string) =>
  `json: cannot unmarshal ${got} into Go struct field ${field} of type ${type}`

function lines(reply: ScriptedReply, model: string) {
  const line = (fields: Record<string, unknown>) => `${JSON.stringify({ model, created_at: CREATED_AT, ...fields })}\n`
  const part = (message: Record<string, unknown>) => line({ message: { role: 'assistant', ...message }, done: false })
  return {
    head: [
      ...toPieces(reply.thinking).map((thinking) => part({ content: '', thinking })),
      ...toPieces(reply.text).map((content) => part({ content })),
      ...(reply.toolCalls ?? []).map((call) => part({ content: '', tool_calls: [toToolCall(call)] })),
    ],
    tail: [line({ message: { role: 'assistant', content: '' }, ...toEnd(reply) })],
  }
}

function whole(reply: ScriptedReply, model: string) {
  const message = {
    role: 'assistant',
    content: toPieces(reply.text).join(''),
    ...(reply.thinking === undefined ? {} : { thinking: toPieces(reply.thinking).join('') }),
    ...(reply.toolCalls === undefined ? {} : { tool_calls: reply.toolCalls.map(toToolCall) }),
  }
  return { head: [], tail: [JSON.stringify({ model, created_at: CREATED_AT, message, ...toEnd(reply) })] }
}

function toEnd({ finish = 'stop', usage = { promptTokens: 26, completionTokens: 7 } }: ScriptedReply) {
  return {
    done: true,
    ...(finish === '' ? {} : { done_reason: finish }),
    total_duration: 812_345_678,
    load_duration: 1_234_567,
    ...(usage === null ? {} : { prompt_eval_count: usage.promptTokens, eval_count: usage.completionTokens }),
  }
}

function toToolCall({ id, index, name, arguments: args = {} }: ScriptedToolCall) {
  return {
    ...(id === undefined ? {} : { id }),
    function: { ...(index === undefined ? {} : { index }), name, arguments: args },
  }
}

const toErrorBody = (error: string | Record<string, unknown>) => (typeof error === 'string' ? { error } : error)
