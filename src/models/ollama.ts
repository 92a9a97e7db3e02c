import { ContextLengthError } from '../errors.ts'
import type { JsonSchema } from '../messages.ts'
import { BackendFailure } from './backend-failure.ts'
import { type BackendTimeouts, DEFAULT_TIMEOUTS } from './backend-timeouts.ts'
import { checkOllama } from './check-ollama.ts'
import { createPromptEstimate } from './estimate-tokens.ts'
import type { ChatTool, OpenChat } from './langchain-adapter.ts'
import type { Model, ModelEvent, ModelRequest } from './model.ts'
import { toOllamaSchema } from './ollama-schema.ts'
import { createBackendAgent } from './request-backend.ts'
import type { SettingNames } from './setting-names.ts'
import type { BackendAdvice } from './to-model-error.ts'

export type OllamaOptions = Partial<BackendTimeouts> & {
  /** Public id. */
  id: string
  /** Ollama's tag: `qwen3:8b`. */
  modelName: string
  /** Without a trailing slash. */
  baseUrl: string
  /** `num_ctx` of every request: another value makes Ollama load the model again. */
  contextTokens: number
  settingNames?: Pick<SettingNames, 'address'>
}

/** A model on Ollama's own API. */
export function createOllamaModel(options: OllamaOptions): Model {
  const { id, modelName, baseUrl, contextTokens, settingNames = { address: 'OLLAMA_BASE_URL' } } = options
  const { address } = settingNames
  const { connectTimeoutMs, firstTokenTimeoutMs, idleTimeoutMs } = { ...DEFAULT_TIMEOUTS, ...options }
  const agent = createBackendAgent({ connectTimeoutMs })
  const url = new URL(`${baseUrl}/api/chat`)
  const estimatePromptTokens = createPromptEstimate()
  const toTool = createToOllamaTool()
  let loading: ReturnType<typeof loadOllama> | undefined
  const settings = {
    modelId: id,
    contextTokens,
    firstTokenTimeoutMs,
    idleTimeoutMs,
    advice: toAdvice(modelName, address),
  }

  async function* stream(request: ModelRequest): AsyncGenerator<ModelEvent, void> {
    request.signal.throwIfAborted()
    const promptTokens = estimatePromptTokens(request.messages, request.tools)
    const wanted = request.params.maxTokens ?? MOST_ANSWER_TOKENS
    const room = contextTokens - promptTokens
    if (room < Math.min(wanted, LEAST_ANSWER_TOKENS)) {
      throw new ContextLengthError({
        limitTokens: contextTokens,
        promptTokens: Math.max(promptTokens, contextTokens + 1),
      })
    }
    loading ??= loadOllama()
    const [{ ChatOllama }, { createOllamaClient }, { streamChat }] = await loading
    const open: OpenChat = async ({ messages, tools, signal }) => {
      const ask = (format: OllamaFormat | undefined) => {
        const chat = new ChatOllama({
          ...toChatOptions(contextTokens, request),
          ...(format === undefined ? {} : { format }),
          model: modelName,
          baseUrl: '', // for its own client, which would read it each time
          outputVersion: 'v0', // the environment, which it would ask each time, could say otherwise
          numPredict: Math.min(wanted, room),
        })
        const client = createOllamaClient({ url, agent, signal, messages: request.messages, whole: request.whole })
        chat.client = client as typeof chat.client
        const { stop } = request.params
        const options = { signal, tools: tools.map(toTool), ...(stop === undefined ? {} : { stop: [...stop] }) }
        // Not `stream()`, which sets up callbacks and tracing, unused here, for every token: a fifth of the CPU.
        return chat._streamResponseChunks(messages, options)
      }
      const { format } = request
      // A generator more costs something for every token.
      return toMessages(format?.schema === undefined ? ask(format && 'json') : withAnyJson(ask, format.schema))
    }
    yield* streamChat(open, request, settings)
  }

  return {
    id,
    backend: `ollama:${modelName}`,
    contextTokens,
    stream,
    check: (signal) => checkOllama({ baseUrl, modelName, agent, address }, signal),
  }
}

/** Imported on first use: LangChain takes a third of a second and 100 MB. Even what is imported already takes a while to find. */
export const loadOllama = () =>
  Promise.all([import('@langchain/ollama'), import('./ollama-client.ts'), import('./langchain-adapter.ts')])

type OllamaFormat = 'json' | JsonSchema

/** A schema that Ollama makes no grammar of is left out: any JSON may come then, as who needs it in that form checks it. */
async function* withAnyJson<Chunk>(
  ask: (format: OllamaFormat | undefined) => AsyncIterable<Chunk>,
  schema: JsonSchema,
): AsyncGenerator<Chunk> {
  let hasBegun = false
  try {
    for await (const chunk of ask(schema)) {
      hasBegun = true
      yield chunk
    }
  } catch (error) {
    const isRefused = error instanceof BackendFailure && NO_GRAMMAR.test(error.upstreamText)
    if (hasBegun || !isRefused) throw error
    yield* ask('json')
  }
}

const NO_GRAMMAR = /schema|grammar|format|sampl/i

async function* toMessages(chunks: AsyncIterable<{ message: unknown }>): AsyncGenerator<unknown> {
  for await (const { message } of chunks) yield message
}

/** The gateway's own tools are the same in every request. */
function createToOllamaTool(): (tool: ChatTool) => ChatTool {
  const known = new WeakMap<JsonSchema, ChatTool['function']['parameters']>()
  return ({ type, function: tool }) => {
    const parameters = known.get(tool.parameters) ?? toOllamaSchema(tool.parameters)
    known.set(tool.parameters, parameters)
    return { type, function: { ...tool, parameters } }
  }
}

const LEAST_ANSWER_TOKENS = 256
/** Where the caller sets no limit: a model that repeats itself would never end. */
const MOST_ANSWER_TOKENS = 4_096

/**
 * Everything that shapes the answer is set: Ollama's own defaults differ from OpenAI's and between models. Left to us, the
 * temperature is OpenAI's 1 without tools; with tools it is low, as names, addresses and figures are then to be copied, not
 * invented. It is not 0, which makes small models repeat themselves. A repeat penalty would corrupt long numbers and addresses.
 */
function toChatOptions(contextTokens: number, { params, tools }: ModelRequest) {
  const { temperature = tools.length > 0 ? 0.3 : 1, topP = 1, seed, frequencyPenalty, presencePenalty } = params
  return {
    numCtx: contextTokens,
    keepAlive: '30m',
    think: false, // the answer begins at once
    temperature,
    topP,
    repeatPenalty: 1,
    ...(seed === undefined ? {} : { seed }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
  }
}

const toAdvice = (modelName: string, address: string): BackendAdvice => ({
  unreachable: `Is Ollama running? \`ollama serve\` starts it, and ${address} says where it is.`,
  missing: `is not on the Ollama server yet: run \`ollama pull ${modelName}\` there.`,
  noTools: `cannot call tools with ${modelName}: choose a model that can, such as qwen3:8b.`,
  unauthorized: 'is refused by the Ollama server: it asks for credentials.',
})
