import { GatewayError } from '../errors.ts'
import type { Model } from '../models/model.ts'
import type { Models } from '../models/models.ts'

/** @throws {@link GatewayError} 404 `model_not_found`. */
export function findModel(models: Pick<Models, 'find'>, id: string): Model {
  const model = models.find(id)
  if (model !== undefined) return model
  throw new GatewayError(
    `The model '${id.slice(0, 128)}' does not exist or you do not have access to it. GET /v1/models lists those that do.`,
    { status: 404, code: 'model_not_found', param: 'model' },
  )
}
