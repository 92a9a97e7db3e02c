import { createBackend, createServedBackend, loadBackend, type ServerDefaults } from './create-backend.ts'
import type { Model } from './model.ts'
import { type ModelSpec, parseModelSpec } from './model-spec.ts'
import type { ModelListing, ModelPrice, Models } from './models.ts'
import type { BackendEntry, ModelEntry, ModelsFile } from './models-file.ts'
import { createProviderModels } from './provider-models.ts'
import type { Backend, OnBackend } from './routing/backend.ts'
import { createRoutedModel, DEFAULT_RETRY_ON } from './routing/routed-model.ts'

export type ModelsOptions = ModelChoice &
  ServerDefaults & {
    /** Wall clock of a run of a model that sets none. */
    runTimeoutMs?: number
    /** The same where it is queued. */
    conductorTimeoutMs?: number
    /** Of models that say nothing of their own. */
    defaultPrice?: ModelPrice | undefined
    /** Listed under its own id too. */
    rehearsal?: Model
    onBackend?: OnBackend | undefined
    /** From 0 up to 1. */
    random?: () => number
  }

/** What serves the public models. */
export type ModelChoice = {
  /** See {@link parseModelSpec}. */
  operatorModel: string
  conductorModel?: string | undefined
  /** Takes the place of both. */
  models?: ModelsFile | undefined
}

/**
 * The public models. With `rehearsal` as the operator or the conductor, those ids find the rehearsal model, and its replies
 * say who spoke.
 * @throws ModelSetupError where one cannot be set up.
 */
export async function createModels(options: ModelsOptions): Promise<Models> {
  const { rehearsal, runTimeoutMs, defaultPrice: price } = options
  const priced = price === undefined ? {} : { price }
  const { models: entries, providers } = toModelsFile(options)
  const listings = await Promise.all(entries.map((entry) => createListing(entry, options)))
  const byId = new Map(listings.map((listing) => [listing.id, listing]))
  if (rehearsal !== undefined && !byId.has(rehearsal.id))
    byId.set(rehearsal.id, { id: rehearsal.id, model: rehearsal, ...priced })
  const pricedProviders = providers.map((provider) => ({ ...priced, ...provider }))
  const provided = createProviderModels(pricedProviders, ({ type, server }, { id, name, modelName }) => {
    const model = createServedBackend({ type, modelName }, { id, name, server, timeouts: {}, runTimeoutMs }, options)
    return createRoutedModel({ id, backends: [{ model }], onBackend: options.onBackend })
  })
  return {
    list: () => [...byId.values(), ...provided.list()],
    find: (id) => byId.get(id) ?? provided.find(id),
  }
}

/** Whether the rehearsal model is to be among them. */
export function usesRehearsal(choice: ModelChoice): boolean {
  return specsOf(choice).some(({ type }) => type === 'rehearsal')
}

/** Imports ahead of the first question what its model needs. Best left to the background: it blocks for a third of a second. */
export async function warmUpModels(choice: ModelChoice): Promise<void> {
  for (const spec of specsOf(choice)) await loadBackend(spec)
}

const specsOf = (choice: ModelChoice) =>
  toModelsFile(choice).models.flatMap(({ backends }) => backends.map(({ spec }) => spec))

/** The environment's choice in the words of the file. */
function toModelsFile({ operatorModel, conductorModel, models }: ModelChoice): ModelsFile {
  if (models !== undefined) return models
  const toEntry = (id: string, use: string): ModelEntry => {
    const spec = parseModelSpec(use)
    const backend: BackendEntry = {
      name: toName(spec),
      spec,
      server: {},
      timeouts: {},
      canCallTools: true,
      canWriteJson: true,
    }
    return { id, backends: [backend], isQueued: false, canStream: true, retryOn: DEFAULT_RETRY_ON }
  }
  const operator = toEntry('operator', operatorModel)
  if (conductorModel === undefined) return { models: [operator], providers: [], toolPrices: {} }
  return {
    models: [operator, { ...toEntry('conductor', conductorModel), isQueued: true }],
    providers: [],
    toolPrices: {},
  }
}

function toName(spec: ModelSpec): string {
  if (spec.type === 'rehearsal') return spec.type
  return `${spec.type === 'provider' ? spec.provider : spec.type}:${spec.modelName}`
}

async function createListing(entry: ModelEntry, options: ModelsOptions): Promise<ModelListing> {
  const { id, isQueued, canStream, retryOn, answerTokens } = entry
  const price = entry.price ?? options.defaultPrice
  const { onBackend, random } = options
  const runTimeoutMs = entry.runTimeoutMs ?? (isQueued ? options.conductorTimeoutMs : undefined)
  const backends = await Promise.all(
    entry.backends.map(
      async (backend): Promise<Backend> => ({
        ...backend,
        model: await createBackend(
          backend.spec,
          { id, ...backend, runTimeoutMs: runTimeoutMs ?? options.runTimeoutMs },
          options,
        ),
      }),
    ),
  )
  const [only] = backends
  // It answers under its own name.
  const isRehearsal = only !== undefined && only.model === options.rehearsal
  return {
    id,
    model: isRehearsal
      ? only.model
      : createRoutedModel({ id, backends, retryOn, answerTokens, onBackend, ...(random && { random }) }),
    ...(backends.length > 1 ? { backends: backends.map(({ model }) => model) } : {}),
    ...(isQueued ? { isQueued } : {}),
    ...(canStream ? {} : { canStream }),
    ...(backends.every(({ canCallTools }) => canCallTools === false) ? { canCallTools: false } : {}),
    ...(runTimeoutMs === undefined ? {} : { runTimeoutMs }),
    ...(answerTokens === undefined ? {} : { answerTokens }),
    ...(price === undefined ? {} : { price }),
  }
}
