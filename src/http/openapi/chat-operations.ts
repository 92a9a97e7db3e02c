import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { ChatCompletion, ChatCompletionChunk } from './chat-reply-schemas.ts'
import { ChatCompletionRequest } from './chat-request-schema.ts'
import { CHAT_REPLIES, CHAT_REQUESTS, CHUNKS } from './examples.ts'
import { eventStream, json, parameters, RUN_ERRORS, runHeaders } from './operation-parts.ts'

export const createChatCompletion: ZodOpenApiOperationObject = {
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
