import { GatewayError } from '../errors.ts'
import type { ModelListing, Models } from '../models/models.ts'

/** @throws {@link GatewayError} 404 `model_not_found`. */
export function findModel(models: Models, id: string): ModelListing {
  const found = models.find(id)
  if (found !== undefined) return found
  const ids = models.list().map((listing) => listing.id)
  throw new GatewayError(
    `The model '${id.slice(0, 128)}' does not exist or you do not have access to it. This gateway has: ${ids.join(', ')}.`,
    { status: 404, code: 'model_not_found', param: 'model' },
  )
}
