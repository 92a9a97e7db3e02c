import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { ChatCompletion, ChatCompletionChunk } from './chat-reply-schemas.ts'
import { ChatCompletionRequest } from './chat-request-schema.ts'
import { CHAT_REPLIES, CHAT_REQUESTS, CHUNKS } from './examples.ts'
import { answerHeaders, eventStream, header, json, parameters, RUN_ERRORS } from './operation-parts.ts'
import { QUEUED_RUN } from './run-examples.ts'
import { Run } from './run-schemas.ts'

export const createChatCompletion: ZodOpenApiOperationObject = {
  operationId: 'createChatCompletion',
  tags: ['chat'],
  summary: 'Ask a question',
  description:
    'Answers with the final text; the gateway\'s own tools are never seen. Calls of the caller\'s tools are handed back.\n\nWith `"stream": true` each `data:` line is a `ChatCompletionChunk`, and the last one `[DONE]`; comment lines break a silence. A stream that fails ends with an `Error` and without `[DONE]`.\n\nWith `"background": true` the run is answered at once, and goes on without the caller: see `/v1/runs/{id}`. A caller who waits for a queued run until its time is over hears 502, 503 or 504 with a `Retry-After`; the same request with its `Idempotency-Key`, or the retry of an SDK, joins the run.',
  parameters: parameters(
    'x-groundwire-tools',
    'x-groundwire-trace',
    'x-groundwire-heartbeat',
    'idempotency-key',
    'openai-organization',
    'x-org-slug',
    'payment-signature',
    'x-request-id',
  ),
  requestBody: { required: true, content: json(ChatCompletionRequest, CHAT_REQUESTS) },
  responses: {
    200: {
      description: 'The answer, or the calls the caller is to run.',
      headers: answerHeaders,
      content: {
        ...json(ChatCompletion, CHAT_REPLIES),
        ...eventStream(ChatCompletionChunk, CHUNKS),
      },
    },
    202: {
      description: 'The run, in the queue: `background` was asked for.',
      headers: { ...answerHeaders, location: header('location') },
      content: json(Run, { queued: QUEUED_RUN }),
    },
    ...RUN_ERRORS,
  },
}
