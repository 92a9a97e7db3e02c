import { GatewayError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import type { Models } from '../models/models.ts'

/** @throws {@link GatewayError} 404 `model_not_found`. */
export function findModel(models: Models, id: string): Model {
  const model = models.find(id)
  if (model !== undefined) return model
  const ids = models.list().map((listing) => listing.id)
  throw new GatewayError(
    `The model '${id.slice(0, 128)}' does not exist or you do not have access to it. This gateway has: ${ids.join(', ')}.`,
    { status: 404, code: 'model_not_found', param: 'model' },
  )
}
