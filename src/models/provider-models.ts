import { LRUCache } from 'lru-cache'
import type { Model } from './model.ts'
import type { ModelListing, Models } from './models.ts'
import type { ProviderEntry } from './models-file.ts'
import { splitProviderId } from './provider-id.ts'

/** @param name - of the backend: the same for all models of a provider that may be asked for any, as callers choose them. */
export type CreateProviderModel = (
  provider: ProviderEntry,
  model: { id: string; name: string; modelName: string },
) => Model

/** Models that callers name as `provider:model`. Each is made when it is first asked for. */
export function createProviderModels(providers: readonly ProviderEntry[], create: CreateProviderModel): Models {
  const byId = new Map(providers.map((provider) => [provider.id, provider]))
  const named = new Map<string, ModelListing>()
  // Callers choose these names, so what is kept has a limit.
  const unnamed = new LRUCache<string, ModelListing>({ max: MOST_KEPT })

  function find(id: string): ModelListing | undefined {
    if (id.length > LONGEST_ID) return undefined
    const { provider, modelName } = splitProviderId(id, byId.keys()) ?? {}
    const entry = byId.get(provider ?? '')
    if (entry === undefined || modelName === undefined || !MODEL_NAME.test(modelName)) return undefined
    if (entry.models !== undefined && !entry.models.includes(modelName)) return undefined
    const kept = entry.models === undefined ? unnamed : named
    const known = kept.get(id)
    if (known !== undefined) return known
    const name = entry.models === undefined ? `${entry.id}:*` : id
    const { price } = entry
    const model = create(entry, { id, name, modelName })
    const listing: ModelListing = { id, provider: entry.id, model, ...(price && { price }) }
    kept.set(id, listing)
    return listing
  }

  const listed = providers.flatMap(({ id, models = [] }) => models.map((modelName) => `${id}:${modelName}`))
  return { list: () => listed.flatMap((id) => find(id) ?? []), find }
}

const MOST_KEPT = 256
const LONGEST_ID = 2_048
const MODEL_NAME = /^[\x21-\x7e]{1,256}$/
