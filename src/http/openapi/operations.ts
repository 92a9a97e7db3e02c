import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi'
import { ChatCompletion, ChatCompletionChunk } from './chat-reply-schemas.ts'
import { ChatCompletionRequest } from './chat-request-schema.ts'
import { errorReplies } from './error-replies.ts'
import { CHAT_REPLIES, CHAT_REQUESTS, CHUNKS, MODEL, READY, RESPONSE_REPLY, RESPONSE_REQUESTS } from './examples.ts'
import { Health, ModelList, ModelRow, ReadyReply, Welcome } from './plain-reply-schemas.ts'
import { DeletedResponse, InputItemList, ResponseEvent, ResponseReply } from './response-reply-schemas.ts'
import { ResponseRequest } from './response-request-schema.ts'

/** Every route, with what it takes and what it answers. */
export function toPaths(): ZodOpenApiPathsObject {
  return {
    '/v1/chat/completions': { post: createChatCompletion },
    '/v1/responses': { post: createResponse },
    '/v1/responses/{id}': { parameters: [responseId], get: retrieveResponse, delete: deleteResponse },
    '/v1/responses/{id}/cancel': { parameters: [responseId], post: cancelResponse },
    '/v1/responses/{id}/input_items': { parameters: [responseId], get: listInputItems },
    '/v1/models': { get: listModels },
    '/v1/models/{id}': { get: retrieveModel },
    '/health': { get: showHealth },
    '/ready': { get: showReadiness },
    '/': { get: showWelcome },
    '/openapi.json': { get: showDocument },
    '/docs': { get: showDocs },
    '/docs/{file}': { get: showDocsFile },
  }
}

const header = (name: string) => ({ $ref: `#/components/headers/${name}` })
const requestIdHeader = { 'x-request-id': header('x-request-id') }
const runHeaders = { ...requestIdHeader, 'x-groundwire-run-id': header('x-groundwire-run-id') }
const parameters = (...names: readonly string[]) => names.map((name) => ({ $ref: `#/components/parameters/${name}` }))

const json = (schema: z.ZodType, examples: Readonly<Record<string, unknown>> = {}) => ({
  'application/json': {
    schema,
    examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
  },
})

const eventStream = (schema: z.ZodType, examples: Readonly<Record<string, unknown>> = {}) => ({
  'text/event-stream': json(schema, examples)['application/json'],
})

const RUN_ERRORS = errorReplies(400, 401, 404, 405, 408, 413, 415, 429, 500, 502, 503, 504)
const READ_ERRORS = errorReplies(400, 401, 404, 405, 500)
const PLAIN_ERRORS = errorReplies(400, 405, 500)

const createChatCompletion: ZodOpenApiOperationObject = {
  operationId: 'createChatCompletion',
  tags: ['chat'],
  summary: 'Ask a question',
  description:
    'Answers with the final text; the gateway\'s own tools are never seen. Calls of the caller\'s tools are handed back.\n\nWith `"stream": true` each `data:` line is a `ChatCompletionChunk`, and the last one `[DONE]`; comment lines break a silence. A stream that fails ends with an `Error` and without `[DONE]`.',
  parameters: parameters('x-groundwire-tools', 'x-groundwire-trace', 'x-request-id'),
  requestBody: { required: true, content: json(ChatCompletionRequest, CHAT_REQUESTS) },
  responses: {
    200: {
      description: 'The answer, or the calls the caller is to run.',
      headers: runHeaders,
      content: {
        ...json(ChatCompletion, CHAT_REPLIES),
        ...eventStream(ChatCompletionChunk, CHUNKS),
      },
    },
    ...RUN_ERRORS,
  },
}

const createResponse: ZodOpenApiOperationObject = {
  operationId: 'createResponse',
  tags: ['responses'],
  summary: 'Ask a question, and have the answer kept',
  description: 'With `"stream": true` the reply is a stream of named events, numbered by `sequence_number`.',
  parameters: parameters('x-groundwire-tools', 'x-groundwire-trace', 'x-request-id'),
  requestBody: { required: true, content: json(ResponseRequest, RESPONSE_REQUESTS) },
  responses: {
    200: {
      description: 'The response; still `queued` or `in_progress` where it runs in the background.',
      headers: { ...runHeaders, 'x-groundwire-tools-left-out': header('x-groundwire-tools-left-out') },
      content: {
        ...json(ResponseReply, { answer: RESPONSE_REPLY }),
        ...eventStream(ResponseEvent),
      },
    },
    ...RUN_ERRORS,
  },
}

const responseId = {
  name: 'id',
  in: 'path' as const,
  required: true,
  description: 'Id of a response of the same caller.',
  schema: { type: 'string' as const },
  example: RESPONSE_REPLY.id,
}

const retrieveResponse: ZodOpenApiOperationObject = {
  operationId: 'retrieveResponse',
  tags: ['responses'],
  summary: 'A kept response',
  description: 'With `stream=true` the events so far, then those to come.',
  requestParams: {
    query: z.object({
      stream: z.enum(['true', 'false']).optional().meta({ description: 'Read the events of a background response.' }),
      starting_after: z.int().min(0).optional().meta({ description: 'The `sequence_number` of the last event seen.' }),
    }),
  },
  responses: {
    200: {
      description: 'The response as it stands.',
      headers: requestIdHeader,
      content: {
        ...json(ResponseReply, { answer: RESPONSE_REPLY }),
        ...eventStream(ResponseEvent),
      },
    },
    ...READ_ERRORS,
  },
}

const deleteResponse: ZodOpenApiOperationObject = {
  operationId: 'deleteResponse',
  tags: ['responses'],
  summary: 'Forget a kept response',
  responses: {
    200: {
      description: 'It is gone.',
      headers: requestIdHeader,
      content: json(DeletedResponse, { gone: { id: RESPONSE_REPLY.id, object: 'response', deleted: true } }),
    },
    ...READ_ERRORS,
  },
}

const cancelResponse: ZodOpenApiOperationObject = {
  operationId: 'cancelResponse',
  tags: ['responses'],
  summary: 'Stop a response that runs in the background',
  responses: {
    200: {
      description: 'The response as it ended.',
      headers: requestIdHeader,
      content: json(ResponseReply, {
        cancelled: { ...RESPONSE_REPLY, status: 'cancelled', background: true, output: [], usage: null },
      }),
    },
    ...READ_ERRORS,
  },
}

const listInputItems: ZodOpenApiOperationObject = {
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
    200: { description: 'The items.', headers: requestIdHeader, content: json(InputItemList) },
    ...READ_ERRORS,
  },
}

const listModels: ZodOpenApiOperationObject = {
  operationId: 'listModels',
  tags: ['models'],
  summary: 'What can answer',
  responses: {
    200: {
      description: 'The models, at once and also while their backends are down.',
      headers: requestIdHeader,
      content: json(ModelList, { models: { object: 'list', data: [MODEL] } }),
    },
    ...errorReplies(400, 401, 405, 500),
  },
}

const retrieveModel: ZodOpenApiOperationObject = {
  operationId: 'retrieveModel',
  tags: ['models'],
  summary: 'One of them',
  requestParams: {
    path: z.object({ id: z.string().meta({ description: 'May hold slashes, encoded or not.', example: MODEL.id }) }),
  },
  responses: {
    200: { description: 'The model.', headers: requestIdHeader, content: json(ModelRow, { model: MODEL }) },
    ...READ_ERRORS,
  },
}

const showHealth: ZodOpenApiOperationObject = {
  operationId: 'showHealth',
  tags: ['gateway'],
  summary: 'Whether the process lives',
  security: [],
  responses: {
    200: { description: 'It does.', headers: requestIdHeader, content: json(Health, { alive: { status: 'ok' } }) },
    ...PLAIN_ERRORS,
  },
}

const showReadiness: ZodOpenApiOperationObject = {
  operationId: 'showReadiness',
  tags: ['gateway'],
  summary: 'Whether a question would be answered now',
  security: [],
  responses: {
    200: {
      description: 'It would.',
      headers: requestIdHeader,
      content: json(ReadyReply, { ready: { status: 'ready', models: [], chains: [] } }),
    },
    503: { description: 'It would not.', headers: requestIdHeader, content: json(ReadyReply, { not_ready: READY }) },
    ...PLAIN_ERRORS,
  },
}

const showWelcome: ZodOpenApiOperationObject = {
  operationId: 'showWelcome',
  tags: ['gateway'],
  summary: 'What this is',
  security: [],
  responses: {
    200: { description: 'A list of routes.', headers: requestIdHeader, content: json(Welcome) },
    ...PLAIN_ERRORS,
  },
}

const showDocument: ZodOpenApiOperationObject = {
  operationId: 'showDocument',
  tags: ['gateway'],
  summary: 'This document',
  security: [],
  responses: {
    200: {
      description: 'OpenAPI 3.1.',
      headers: requestIdHeader,
      content: json(z.looseObject({ openapi: z.string() })),
    },
    ...PLAIN_ERRORS,
  },
}

const html = { 'text/html': { schema: { type: 'string' as const } } }

const showDocs: ZodOpenApiOperationObject = {
  operationId: 'showDocs',
  tags: ['gateway'],
  summary: 'This document as a page',
  security: [],
  responses: { 200: { description: 'The page.', headers: requestIdHeader, content: html }, ...PLAIN_ERRORS },
}

const showDocsFile: ZodOpenApiOperationObject = {
  operationId: 'showDocsFile',
  tags: ['gateway'],
  summary: 'What the page needs',
  security: [],
  requestParams: { path: z.object({ file: z.string().meta({ example: 'swagger-ui.css' }) }) },
  responses: {
    200: {
      description: 'A script, a style sheet or an icon.',
      headers: requestIdHeader,
      content: { '*/*': { schema: { type: 'string' } } },
    },
    ...errorReplies(400, 404, 405, 500),
  },
}
