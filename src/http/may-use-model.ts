import type { Scopes } from '../accounts/identity.ts'
import type { ModelListing } from '../models/models.ts'

/**
 * Whether scopes allow a model: by its public id, or `provider:*` for all of a provider.
 * @param id - as it was asked for.
 */
export function mayUseModel({ models }: Scopes, id: string, { provider }: ModelListing): boolean {
  if (models === undefined) return true
  return models.some((allowed) => {
    if (allowed === id) return true
    if (!allowed.endsWith(':*')) return false
    // The id of a provider may hold colons: `a:*` is not about the models of `a:b`.
    return provider === undefined ? id.startsWith(allowed.slice(0, -1)) : provider === allowed.slice(0, -2)
  })
}
