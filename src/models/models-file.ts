import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { BackendErrorKind } from '../errors.ts'
import type { BackendTimeouts } from './backend-timeouts.ts'
import { ModelSetupError } from './model-setup-error.ts'
import { type ModelSpec, parseModelSpec } from './model-spec.ts'
import type { ModelPrice } from './models.ts'
import { modelsFileSchema, type RawBackend, type RawModelsFile } from './models-file-schema.ts'
import { splitProviderId } from './provider-id.ts'

/** What `models.json` says: the public models in the order they are shown, and the providers of others. */
export type ModelsFile = {
  models: readonly ModelEntry[]
  providers: readonly ProviderEntry[]
  /** Micro-credits a call, by the gateway's tools; others cost nothing. */
  toolPrices: Readonly<Record<string, bigint>>
}

export type ModelEntry = {
  /** Public id. */
  id: string
  /** At least one, in the order they are asked. */
  backends: readonly BackendEntry[]
  isQueued: boolean
  canStream: boolean
  runTimeoutMs?: number | undefined
  /** Most tokens of an answer. */
  answerTokens?: number | undefined
  /** Failures on which the next backend is asked. */
  retryOn: readonly BackendErrorKind[]
  price?: ModelPrice | undefined
}

export type BackendEntry = {
  /** In traces, metrics and health; unlike that of the model's others. */
  name: string
  spec: ModelSpec
  server: ServerEntry
  weight?: number | undefined
  /** Calls at once. */
  concurrency?: number | undefined
  contextTokens?: number | undefined
  timeouts: Partial<BackendTimeouts>
  canCallTools: boolean
  canWriteJson: boolean
}

/** Unset fields are what the environment says. */
export type ServerEntry = {
  baseUrl?: string | undefined
  apiKey?: string | undefined
  /** RunPod's. */
  endpointId?: string | undefined
}

/** A server whose models callers name as `provider:model`. */
export type ProviderEntry = {
  id: string
  type: ProviderType
  server: ServerEntry
  /** The models it has; undefined where it may be asked for any. */
  models: readonly string[] | undefined
  /** Of each. */
  price?: ModelPrice | undefined
}

export type ProviderType = 'openai' | 'ollama' | 'runpod'

/** A variable of the environment. */
export type LookUp = (name: string) => string | undefined

/** @throws {@link ModelSetupError} that lists everything wrong with the file at once. */
export async function loadModelsFile(path: string, lookUp: LookUp): Promise<ModelsFile> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new ModelSetupError(`MODELS_FILE: ${path} cannot be read: ${cause.message}`, { cause })
  })
  return parseModelsFile(text, { path, lookUp })
}

/**
 * @param path - for complaints.
 * @throws {@link ModelSetupError} that lists everything wrong with the text at once.
 */
export function parseModelsFile(text: string, { path, lookUp }: { path: string; lookUp: LookUp }): ModelsFile {
  const raw = parseJson(text, path)
  const parsed = modelsFileSchema({ lookUp, providerIds: findProviderIds(raw) }).safeParse(raw, { reportInput: true })
  if (!parsed.success) {
    const complaints = parsed.error.issues.flatMap(toComplaints)
    throw new ModelSetupError(`${path} needs a correction:\n${complaints.map((line) => `  ${line}`).join('\n')}`)
  }
  const providers = Object.entries(parsed.data.providers).map(([id, provider]) => toProvider(id, provider))
  return {
    models: Object.entries(parsed.data.models).map(([id, model]) => toModel(id, model, providers)),
    providers,
    toolPrices: parsed.data.toolPrices,
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The parser's own words repeat what stands there, which may be what should not.
    const place = /\(line \d+ column \d+\)/.exec(String(cause))?.[0] ?? ''
    throw new ModelSetupError(`${path} is not JSON ${place}`.trimEnd(), { cause })
  }
}

/** Ahead of the schema, which checks by them what backends use. */
function findProviderIds(raw: unknown): readonly string[] {
  const parsed = z.looseObject({ providers: z.looseObject({}) }).safeParse(raw)
  return parsed.success ? Object.keys(parsed.data.providers) : []
}

function toModel(
  id: string,
  { backends, queued, stream, limits, ...rest }: RawModelsFile['models'][string],
  providers: readonly ProviderEntry[],
): ModelEntry {
  return {
    id,
    ...rest,
    ...limits,
    isQueued: queued,
    canStream: stream === 'allow',
    backends: backends.map((backend) => toBackend(backend, providers)),
  }
}

function toBackend(raw: RawBackend, providers: readonly ProviderEntry[]): BackendEntry {
  const { use, name = use, weight, concurrency, contextTokens, timeouts, capabilities } = raw
  return {
    name,
    ...toServed(raw, providers),
    weight,
    concurrency,
    contextTokens,
    timeouts: toTimeouts(timeouts),
    canCallTools: capabilities?.tools ?? true,
    canWriteJson: capabilities?.json ?? true,
  }
}

function toServed(raw: RawBackend, providers: readonly ProviderEntry[]): Pick<BackendEntry, 'spec' | 'server'> {
  const split = splitProviderId(
    raw.use,
    providers.map(({ id }) => id),
  )
  const provider = providers.find(({ id }) => id === split?.provider)
  if (split !== undefined && provider !== undefined) {
    return { spec: { type: provider.type, modelName: split.modelName }, server: provider.server }
  }
  const { baseUrl, apiKeyEnv: apiKey, endpointId } = raw
  return { spec: parseModelSpec(raw.use), server: { baseUrl, apiKey, endpointId } }
}

function toProvider(id: string, raw: RawModelsFile['providers'][string]): ProviderEntry {
  const { type, baseUrl, apiKeyEnv: apiKey, endpointId, models, price } = raw
  const served = models[0] === '*' ? undefined : models
  return { id, type, server: { baseUrl, apiKey, endpointId }, models: served, ...(price && { price }) }
}

function toTimeouts({ connectMs, firstTokenMs, idleMs }: RawBackend['timeouts'] = {}): Partial<BackendTimeouts> {
  return {
    ...(connectMs === undefined ? {} : { connectTimeoutMs: connectMs }),
    ...(firstTokenMs === undefined ? {} : { firstTokenTimeoutMs: firstTokenMs }),
    ...(idleMs === undefined ? {} : { idleTimeoutMs: idleMs }),
  }
}

/** In the words of the file: `models.operator.backends[0].weight: must be 0 or more`. */
function toComplaints(issue: z.core.$ZodIssue): readonly string[] {
  const at = (...more: PropertyKey[]) => toPath([...issue.path, ...more])
  if (issue.code.startsWith('invalid_') && issue.input === undefined) return [`${at()}: is missing`]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => `${at(key)}: is not a setting here${key === 'apiKey' ? NO_KEYS : ''}`)
    case 'invalid_key':
      return issue.issues.map(({ message }) => `${at()}: its name ${message}`)
    case 'invalid_type':
      return [`${at()}: ${toExpected(issue)}`]
    default:
      return [`${at()}: ${issue.message}`]
  }
}

const NO_KEYS = '; keys never stand in this file: apiKeyEnv names the environment variable that holds it'

function toExpected({ expected, message }: z.core.$ZodIssueInvalidType): string {
  if (!message.startsWith('Invalid')) return message
  const article = /^[aeiou]/.test(expected) ? 'an' : 'a'
  return `must be ${article} ${expected}`
}

function toPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file'
  return path.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`)).join('')
}
