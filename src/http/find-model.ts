import type { Identity } from '../accounts/identity.ts'
import { forbidden, notFound } from '../errors.ts'
import type { ModelListing, Models } from '../models/models.ts'
import { mayUseModel } from './may-use-model.ts'

/** @throws {@link GatewayError} 404 `model_not_found`; 403 `model_not_allowed` where the key's scopes leave it out. */
export function findModel(models: Models, id: string, { scopes }: Pick<Identity, 'scopes'>): ModelListing {
  const found = models.find(id)
  if (found !== undefined && mayUseModel(scopes, id, found)) return found
  const ids = usableModels(models, scopes).map((listing) => listing.id)
  const shown = id.slice(0, 128)
  if (found !== undefined) {
    const message = `This API key may not use the model '${shown}'. It may use: ${toList(ids)}.`
    throw forbidden('model_not_allowed', message, { param: 'model' })
  }
  throw notFound(
    'model_not_found',
    `The model '${shown}' does not exist or you do not have access to it. This gateway has: ${toList(ids)}.`,
    { param: 'model' },
  )
}

/** Those that are listed, and those that the scopes name though no list has them: of a provider that serves any. */
export function usableModels(models: Models, scopes: Identity['scopes']): readonly ModelListing[] {
  const listed = models.list()
  if (scopes.models === undefined) return listed
  const named = scopes.models.flatMap((id) =>
    listed.some((listing) => listing.id === id) ? [] : (models.find(id) ?? []),
  )
  return [...listed.filter((listing) => mayUseModel(scopes, listing.id, listing)), ...named]
}

const toList = (ids: readonly string[]) => (ids.length === 0 ? 'none' : ids.join(', '))
