import type { Model } from './model.ts'
import { ModelSetupError } from './model-setup-error.ts'
import { type ModelSpec, parseModelSpec } from './model-spec.ts'
import type { ModelListing, Models } from './models.ts'
import { createOllamaModel, loadOllama } from './ollama.ts'
import { createOpenAIModel, loadOpenAI } from './openai.ts'
import { createProviderModel } from './provider.ts'

export type ModelsOptions = {
  /** See {@link parseModelSpec}. */
  operatorModel: string
  ollamaBaseUrl: string
  ollamaContextTokens: number
  openaiBaseUrl?: string | undefined
  openaiApiKey?: string | undefined
  /** The model that needs no weights; listed under its own id. */
  rehearsal?: Model
}

/**
 * The public models. With `rehearsal` as the operator, both ids find the rehearsal model, and its replies say who spoke.
 * @throws {@link ModelSetupError} where the operator cannot be set up.
 */
export async function createModels(options: ModelsOptions): Promise<Models> {
  const { rehearsal } = options
  const operator: ModelListing = {
    id: 'operator',
    model: await createOperator(parseModelSpec(options.operatorModel), options),
  }
  const listings = [operator, ...(rehearsal === undefined ? [] : [{ id: rehearsal.id, model: rehearsal }])]
  const byId = new Map(listings.map((listing) => [listing.id, listing]))
  return { list: () => listings, find: (id) => byId.get(id) }
}

/** Imports ahead of the first question what its model needs. Best left to the background: it blocks for a third of a second. */
export async function warmUpModels({ operatorModel }: Pick<ModelsOptions, 'operatorModel'>): Promise<void> {
  const { type } = parseModelSpec(operatorModel)
  if (type === 'ollama') await loadOllama()
  if (type === 'openai') await loadOpenAI()
}

function createOperator(spec: ModelSpec, options: ModelsOptions): Model | Promise<Model> {
  const id = 'operator'
  switch (spec.type) {
    case 'rehearsal':
      if (options.rehearsal === undefined) throw new ModelSetupError('OPERATOR_MODEL: there is no rehearsal model here')
      return options.rehearsal
    case 'ollama':
      return createOllamaModel({
        id,
        modelName: spec.modelName,
        baseUrl: options.ollamaBaseUrl,
        contextTokens: options.ollamaContextTokens,
      })
    case 'openai':
      return createOpenAIModel({
        id,
        modelName: spec.modelName,
        baseUrl: options.openaiBaseUrl,
        apiKey: options.openaiApiKey,
      })
    case 'provider':
      return createProviderModel({ id, ...spec })
    default:
      throw spec satisfies never
  }
}
