import { type BackendTimeouts, DEFAULT_TIMEOUTS } from './backend-timeouts.ts'
import type { OpenChat } from './langchain-adapter.ts'
import type { Model, ModelEvent, ModelParams, ModelRequest } from './model.ts'
import { ModelSetupError } from './model-setup-error.ts'
import type { BackendAdvice } from './to-model-error.ts'

export type ProviderOptions = Partial<BackendTimeouts> & {
  /** Public id. */
  id: string
  /** As LangChain's `initChatModel` calls it: `anthropic`. */
  provider: string
  /** The package that holds it: `@langchain/anthropic`. */
  packageName: string
  modelName: string
  /** For the provider's class, beside what the caller of a question sets: `baseUrl`, a key, … */
  classOptions?: Readonly<Record<string, unknown>>
}

/**
 * A model of any other provider that LangChain knows. Its package is not among ours, and its key comes from the variable
 * that the package documents.
 * @throws {@link ModelSetupError} when the package is not installed, or refuses its settings (a missing key).
 */
export async function createProviderModel(options: ProviderOptions): Promise<Model> {
  const { id, provider, packageName, modelName, classOptions } = options
  const { firstTokenTimeoutMs, idleTimeoutMs } = { ...DEFAULT_TIMEOUTS, ...options }
  const [{ initChatModel }, { streamChat }] = await loadProviders()
  const settings = { modelId: id, firstTokenTimeoutMs, idleTimeoutMs, advice: toAdvice(provider) }
  const create = (params: ModelParams) =>
    initChatModel(modelName, { modelProvider: provider, maxRetries: 0, ...classOptions, ...toChatOptions(params) })

  await create({}).catch((cause: Error) => {
    const isMissing = /unable to import|cannot find (?:package|module)/i.test(cause.message)
    throw new ModelSetupError(
      isMissing
        ? `The model ${provider}:${modelName} needs a package that is not installed: npm install ${packageName}`
        : `The model ${provider}:${modelName} cannot be set up: ${cause.message}`,
      { cause },
    )
  })

  async function* stream(request: ModelRequest): AsyncGenerator<ModelEvent, void> {
    const open: OpenChat = async ({ messages, tools, signal }) => {
      const chat = await create(request.params)
      const { stop } = request.params
      const runnable = tools.length === 0 ? chat : chat.bindTools(tools, toToolOptions(request))
      return runnable.stream(messages, { signal, ...(stop === undefined ? {} : { stop: [...stop] }) })
    }
    yield* streamChat(open, request, settings)
  }

  return {
    id,
    backend: `${provider}:${modelName}`,
    contextTokens: undefined,
    stream,
    // Providers have no common question that costs nothing.
    check: async () => ({ status: 'ok' }),
  }
}

/** Imported on first use: LangChain takes a third of a second and 100 MB. */
const loadProviders = () => Promise.all([import('langchain/chat_models/universal'), import('./langchain-adapter.ts')])

/** LangChain's common names; a class passes over those that its provider does not have. */
function toChatOptions({ temperature, topP, maxTokens, seed, frequencyPenalty, presencePenalty }: ModelParams) {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
  }
}

/** LangChain's common words for it. */
function toToolOptions({ toolChoice = 'auto' }: ModelRequest) {
  if (toolChoice === 'auto') return {}
  return { tool_choice: toolChoice === 'required' ? 'any' : toolChoice.name }
}

const toAdvice = (provider: string): BackendAdvice => ({
  unreachable: `Can this machine reach ${provider}?`,
  missing: `is not known to ${provider}: see the model name.`,
  noTools: `cannot call tools at ${provider}: choose a model that can.`,
  unauthorized: `is refused by ${provider}: see its key in the environment.`,
})
