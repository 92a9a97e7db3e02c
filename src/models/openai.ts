import { z } from 'zod'
import { BackendFailure } from './backend-failure.ts'
import { createBackendFetch } from './backend-fetch.ts'
import { type BackendTimeouts, CHECK_TIMEOUT_MS, DEFAULT_TIMEOUTS, NEVER_MS } from './backend-timeouts.ts'
import type { OpenChat } from './langchain-adapter.ts'
import type { Model, ModelEvent, ModelHealth, ModelRequest } from './model.ts'
import type { OpenAIChat } from './openai-chat.ts'
import { createOpenAIFetch } from './openai-fetch.ts'
import { opensThoughts, toChatOptions, toResponseFormat, toToolOptions } from './openai-params.ts'
import { type BackendAgent, createBackendAgent } from './request-backend.ts'
import type { SettingNames } from './setting-names.ts'
import type { BackendAdvice } from './to-model-error.ts'

export type OpenAIOptions = Partial<BackendTimeouts> & {
  /** Public id. */
  id: string
  modelName: string
  /** Ends in `/v1`, without a trailing slash. Default: OpenAI's own. */
  baseUrl?: string | undefined
  /** Servers of one's own often want none. */
  apiKey?: string | undefined
  settingNames?: SettingNames
}

const OPENAI_URL = 'https://api.openai.com/v1'

/** A model behind OpenAI's Chat Completions, wherever it is served. */
export function createOpenAIModel(options: OpenAIOptions): Model {
  const { id, modelName, baseUrl = OPENAI_URL, apiKey = 'none', settingNames = SETTING_NAMES } = options
  const { connectTimeoutMs, firstTokenTimeoutMs, idleTimeoutMs } = { ...DEFAULT_TIMEOUTS, ...options }
  const agent = createBackendAgent({ connectTimeoutMs })
  const settings = {
    modelId: id,
    firstTokenTimeoutMs,
    idleTimeoutMs,
    advice: toAdvice(settingNames),
    thoughtOpened: opensThoughts(modelName),
    exactNumbers: true,
  }

  let loading: ReturnType<typeof loadOpenAI> | undefined

  async function* stream(request: ModelRequest): AsyncGenerator<ModelEvent, void> {
    loading ??= loadOpenAI()
    const [{ OpenAIChat }, { streamChat }] = await loading
    const open: OpenChat = async ({ messages, tools, signal }) => {
      let isDone = false
      const onDone = () => {
        isDone = true
      }
      const chat = new OpenAIChat({
        ...toChatOptions(request.params),
        model: modelName,
        apiKey,
        outputVersion: 'v0', // the environment, which it would ask each time, could say otherwise
        streamUsage: true,
        maxRetries: 0,
        // Ours are counted around the whole call.
        timeout: request.patient ? NEVER_MS : 2 * firstTokenTimeoutMs,
        configuration: {
          baseURL: baseUrl,
          organization: null,
          project: null,
          logLevel: 'off',
          fetch: createOpenAIFetch({ agent, signal, onDone }),
        },
        // Not as an option of the call, which would take a schema that looks like one of zod's for one.
        ...(request.format === undefined ? {} : { modelKwargs: { response_format: toResponseFormat(request.format) } }),
      })
      const { stop, seed } = request.params
      const options = {
        signal,
        ...(tools.length === 0 ? {} : toToolOptions(tools, request)),
        ...(stop === undefined ? {} : { stop: [...stop] }),
        ...(seed === undefined ? {} : { seed }),
      }
      // Not `stream()` or `invoke()`, which would hand prompts to a tracing service where the environment names one, and cost more.
      // With a format, the library would parse an answer in one piece itself, and drop one that was cut.
      if (request.whole && request.format === undefined) return toMessage(chat._generate(messages, options))
      return toMessages(chat._streamResponseChunks(messages, options), () => isDone)
    }
    // Some servers that wake hold the connection meanwhile; who is patient says by the signal for how long.
    yield* streamChat(open, request, request.patient ? { ...settings, firstTokenTimeoutMs: NEVER_MS } : settings)
  }

  return {
    id,
    backend: `openai:${modelName}`,
    contextTokens: undefined,
    stream,
    check: (signal) => checkOpenAI({ baseUrl: options.baseUrl, apiKey, modelName, agent, settingNames }, signal),
  }
}

/** Imported on first use: LangChain takes a third of a second and 100 MB. Even what is imported already takes a while to find. */
export const loadOpenAI = () => Promise.all([import('./openai-chat.ts'), import('./langchain-adapter.ts')])

/** @param isDone - whether the server has said that there is no more: some never give a reason. */
async function* toMessages(
  chunks: ReturnType<OpenAIChat['_streamResponseChunks']>,
  isDone: () => boolean,
): AsyncGenerator<unknown> {
  let hasReason = false
  for await (const { message, generationInfo } of chunks) {
    hasReason ||= Boolean(generationInfo?.finish_reason)
    Object.assign(message.response_metadata, generationInfo)
    yield message
  }
  if (!hasReason && isDone()) yield { response_metadata: { finish_reason: 'stop' } }
}

/** An answer in one piece is whole once it can be read, whatever reason it gives. */
async function* toMessage(result: ReturnType<OpenAIChat['_generate']>): AsyncGenerator<unknown> {
  const [generation] = (await result).generations
  if (generation === undefined) return
  const { message, generationInfo } = generation
  Object.assign(message.response_metadata, { finish_reason: generationInfo?.finish_reason ?? 'stop' })
  yield message
}

const SETTING_NAMES: SettingNames = { address: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY' }

const toAdvice = ({ address, key }: SettingNames): BackendAdvice => ({
  unreachable: `Is its server running? ${address} says where it is.`,
  missing: `is not known to its server: see the model name and ${address}.`,
  noTools: 'cannot call tools on its server: vLLM needs --enable-auto-tool-choice and --tool-call-parser.',
  unauthorized: `is refused by its server: see ${key}.`,
})

type OpenAIModelRef = {
  baseUrl: string | undefined
  apiKey: string
  modelName: string
  agent: BackendAgent
  settingNames: SettingNames
}

async function checkOpenAI(
  { baseUrl, apiKey, modelName, agent, settingNames }: OpenAIModelRef,
  signal: AbortSignal,
): Promise<ModelHealth> {
  const fetch = createBackendFetch({ agent, signal: AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]) })
  try {
    const response = await fetch(`${baseUrl ?? OPENAI_URL}/models`, { headers: { authorization: `Bearer ${apiKey}` } })
    const served = Served.safeParse(await response.json())
    if (!served.success)
      return { status: 'down', detail: `${settingNames.address} does not lead to an OpenAI-compatible server` }
    const isServed = served.data.data.some(({ id }) => id === modelName)
    return isServed ? { status: 'ok' } : { status: 'down', detail: `the server does not list ${modelName}` }
  } catch (error) {
    return { status: 'down', detail: toDetail(error, baseUrl, settingNames) }
  }
}

const Served = z.object({ data: z.array(z.object({ id: z.string() })) })

function toDetail(error: unknown, baseUrl: string | undefined, { address, key }: SettingNames): string {
  const status = error instanceof BackendFailure ? error.status : undefined
  if (status === 401 || status === 403) return `the server refuses its key: see ${key}`
  if (status === 404) return `${address} does not lead to an OpenAI-compatible server; it usually ends in /v1`
  return baseUrl === undefined
    ? `${address} is not set, so ${OPENAI_URL} was asked, which does not answer`
    : `the server at ${address} does not answer: start it, or correct ${address}`
}
