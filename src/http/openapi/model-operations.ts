import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { errorReplies } from './error-replies.ts'
import { MODEL } from './examples.ts'
import { json, plainReply, STORE_ERRORS } from './operation-parts.ts'
import { ModelList, ModelRow } from './plain-reply-schemas.ts'

export const listModels: ZodOpenApiOperationObject = {
  operationId: 'listModels',
  tags: ['models'],
  summary: 'What can answer',
  responses: {
    200: plainReply(
      'The models, at once and also while their backends are down.',
      json(ModelList, { models: { object: 'list', data: [MODEL] } }),
    ),
    ...errorReplies(400, 401, 403, 405, 408, 429, 431, 500, 503),
  },
}

export const retrieveModel: ZodOpenApiOperationObject = {
  operationId: 'retrieveModel',
  tags: ['models'],
  summary: 'One of them',
  requestParams: {
    path: z.object({ id: z.string().meta({ description: 'May hold slashes, encoded or not.', example: MODEL.id }) }),
  },
  responses: {
    200: plainReply('The model.', json(ModelRow, { model: MODEL })),
    ...STORE_ERRORS,
  },
}
