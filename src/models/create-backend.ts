import type { BackendTimeouts } from './backend-timeouts.ts'
import type { Model } from './model.ts'
import { ModelSetupError } from './model-setup-error.ts'
import type { ModelSpec } from './model-spec.ts'
import type { ServerEntry } from './models-file.ts'
import { createOllamaModel, loadOllama } from './ollama.ts'
import { createOpenAIModel, loadOpenAI } from './openai.ts'
import { createProviderModel } from './provider.ts'
import { createRunpodModel, loadRunpod } from './runpod/runpod.ts'
import type { SettingNames } from './setting-names.ts'
import type { WarmUps } from './warm-up.ts'

/** What a backend is asked with where its own entry says nothing. */
export type ServerDefaults = {
  ollamaBaseUrl: string
  ollamaContextTokens: number
  openaiBaseUrl?: string | undefined
  openaiApiKey?: string | undefined
  runpodBaseUrl?: string | undefined
  runpodEndpointId?: string | undefined
  runpodApiKey?: string | undefined
  /** One at a time wakes a backend that sleeps. */
  warmUps?: WarmUps | undefined
  /** The model that needs no weights. */
  rehearsal?: Model | undefined
}

export type BackendSettings = {
  /** Public id. */
  id: string
  /** How it is called in traces and metrics. */
  name: string
  server: ServerEntry
  contextTokens?: number | undefined
  timeouts: Partial<BackendTimeouts>
  /** Wall clock of a run: a job that outlives it is nobody's. */
  runTimeoutMs?: number | undefined
}

/** Those that are set up without an import: they can be made when a caller names them. */
export type ServedSpec = Extract<ModelSpec, { type: 'ollama' | 'openai' | 'runpod' }>

/** @throws {@link ModelSetupError} where it cannot be set up. */
export async function createBackend(
  spec: ModelSpec,
  settings: BackendSettings,
  defaults: ServerDefaults,
): Promise<Model> {
  switch (spec.type) {
    case 'rehearsal':
      if (defaults.rehearsal === undefined)
        throw new ModelSetupError(`${settings.id}: there is no rehearsal model here`)
      return defaults.rehearsal
    case 'provider': {
      const { id, server, timeouts } = settings
      const classOptions = server.apiKey === undefined ? {} : { apiKey: server.apiKey }
      return named(await createProviderModel({ id, ...spec, ...timeouts, classOptions }), settings)
    }
    default:
      return createServedBackend(spec, settings, defaults)
  }
}

/** @throws {@link ModelSetupError} where it cannot be set up. */
export function createServedBackend(
  { type, modelName }: ServedSpec,
  settings: BackendSettings,
  defaults: ServerDefaults,
): Model {
  const { id, server, contextTokens, timeouts, runTimeoutMs } = settings
  const common = { id, modelName, ...timeouts }
  // The key in the environment is for the server in the environment: no other is shown it.
  const pick = (baseUrl: string | undefined, apiKey: string | undefined) => ({
    baseUrl: server.baseUrl ?? baseUrl,
    apiKey: server.apiKey ?? (server.baseUrl === undefined ? apiKey : undefined),
  })
  switch (type) {
    case 'ollama': {
      const baseUrl = server.baseUrl ?? defaults.ollamaBaseUrl
      const ollama = { ...common, baseUrl, contextTokens: contextTokens ?? defaults.ollamaContextTokens }
      const inFile = server.baseUrl === undefined ? {} : { settingNames: { address: IN_FILE } }
      return named(createOllamaModel({ ...ollama, ...inFile }), settings)
    }
    case 'openai': {
      const openai = { ...common, ...pick(defaults.openaiBaseUrl, defaults.openaiApiKey) }
      return named(createOpenAIModel({ ...openai, settingNames: toSettingNames(server) }), settings)
    }
    case 'runpod': {
      const { baseUrl, apiKey } = pick(defaults.runpodBaseUrl, defaults.runpodApiKey)
      const endpointId = server.endpointId ?? defaults.runpodEndpointId
      if (endpointId === undefined) throw new ModelSetupError(`${id}: runpod:${modelName} needs RUNPOD_ENDPOINT_ID`)
      if (apiKey === undefined) throw new ModelSetupError(`${id}: runpod:${modelName} needs RUNPOD_API_KEY`)
      const { warmUps } = defaults
      const runpod = { ...common, baseUrl, endpointId, apiKey, contextTokens, warmUps }
      return createRunpodModel({ ...runpod, backend: settings.name, timeoutMs: runTimeoutMs })
    }
    default:
      throw type satisfies never
  }
}

/** Imports ahead of the first question what its backend needs. */
export async function loadBackend({ type }: ModelSpec): Promise<void> {
  if (type === 'ollama') await loadOllama()
  if (type === 'openai') await loadOpenAI()
  if (type === 'runpod') await loadRunpod()
}

/** The setting that names the file. */
const IN_FILE = 'MODELS_FILE'

const toSettingNames = ({ baseUrl, apiKey }: ServerEntry): SettingNames => ({
  address: baseUrl === undefined ? 'OPENAI_BASE_URL' : IN_FILE,
  key: baseUrl === undefined && apiKey === undefined ? 'OPENAI_API_KEY' : IN_FILE,
})

function named(model: Model, { name, contextTokens = model.contextTokens }: BackendSettings): Model {
  return { ...model, backend: name, contextTokens }
}
