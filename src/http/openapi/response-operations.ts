import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { RESPONSE_REPLY, RESPONSE_REQUESTS } from './examples.ts'
import {
  answerHeaders,
  eventStream,
  header,
  json,
  parameters,
  plainReply,
  RUN_ERRORS,
  STORE_ERRORS,
} from './operation-parts.ts'
import { pathParameter } from './path-parameter.ts'
import { DeletedResponse, InputItemList, ResponseEvent, ResponseReply } from './response-reply-schemas.ts'
import { ResponseRequest } from './response-request-schema.ts'

export const createResponse: ZodOpenApiOperationObject = {
  operationId: 'createResponse',
  tags: ['responses'],
  summary: 'Ask a question, and have the answer kept',
  description:
    'With `"stream": true` the reply is a stream of named events, numbered by `sequence_number`.\n\nWith `"background": true` it is answered at once and is a run, too: `/v1/runs/run_…`, with the same end of the id.',
  parameters: parameters(
    'x-groundwire-tools',
    'x-groundwire-trace',
    'idempotency-key',
    'openai-organization',
    'x-org-slug',
    'payment-signature',
    'x-request-id',
  ),
  requestBody: { required: true, content: json(ResponseRequest, RESPONSE_REQUESTS) },
  responses: {
    200: {
      description: 'The response; still `queued` or `in_progress` where it runs in the background.',
      headers: { ...answerHeaders, 'x-groundwire-tools-left-out': header('x-groundwire-tools-left-out') },
      content: {
        ...json(ResponseReply, { answer: RESPONSE_REPLY }),
        ...eventStream(ResponseEvent),
      },
    },
    ...RUN_ERRORS,
  },
}

export const responseId = pathParameter('id', 'Id of a response of the same caller.', RESPONSE_REPLY.id)

export const retrieveResponse: ZodOpenApiOperationObject = {
  operationId: 'retrieveResponse',
  tags: ['responses'],
  summary: 'A kept response',
  description:
    'With `stream=true` the events so far, then those to come, of a response that was created with both `background` and `stream`.',
  requestParams: {
    query: z.object({
      stream: z.enum(['true', 'false']).optional().meta({ description: 'Read the events of a background response.' }),
      starting_after: z.int().min(0).optional().meta({ description: 'The `sequence_number` of the last event seen.' }),
    }),
  },
  responses: {
    200: plainReply('The response as it stands.', {
      ...json(ResponseReply, { answer: RESPONSE_REPLY }),
      ...eventStream(ResponseEvent),
    }),
    ...STORE_ERRORS,
  },
}

export const deleteResponse: ZodOpenApiOperationObject = {
  operationId: 'deleteResponse',
  tags: ['responses'],
  summary: 'Forget a kept response',
  description: 'One that still runs in the background is stopped.',
  responses: {
    200: plainReply(
      'It is gone.',
      json(DeletedResponse, { gone: { id: RESPONSE_REPLY.id, object: 'response', deleted: true } }),
    ),
    ...STORE_ERRORS,
  },
}

export const cancelResponse: ZodOpenApiOperationObject = {
  operationId: 'cancelResponse',
  tags: ['responses'],
  summary: 'Stop a response that runs in the background',
  description: 'One that has ended stays as it is; one that was not in the background is a 400.',
  responses: {
    200: plainReply(
      'The response as it ended.',
      json(ResponseReply, {
        cancelled: { ...RESPONSE_REPLY, status: 'cancelled', background: true, output: [], usage: null },
      }),
    ),
    ...STORE_ERRORS,
  },
}

export const listInputItems: ZodOpenApiOperationObject = {
  operationId: 'listInputItems',
  tags: ['responses'],
  summary: 'What a kept response was asked',
  requestParams: {
    query: z.object({
      limit: z.int().min(1).max(100).optional(),
      order: z.enum(['asc', 'desc']).optional(),
      after: z.string().optional().meta({ description: 'Id of the item to go on from.' }),
    }),
  },
  responses: {
    200: plainReply('The items.', json(InputItemList)),
    ...STORE_ERRORS,
  },
}
