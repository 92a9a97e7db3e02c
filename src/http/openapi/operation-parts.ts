import type { z } from 'zod'
import type { ZodOpenApiContentObject } from 'zod-openapi'
import { errorReplies, RATE_HEADERS } from './error-replies.ts'

export const header = (name: string) => ({ $ref: `#/components/headers/${name}` })
const requestIdHeader = { 'x-request-id': header('x-request-id') }
export const runHeaders = { ...requestIdHeader, 'x-groundwire-run-id': header('x-groundwire-run-id') }
/** Of a reply that may have cost something. */
export const answerHeaders = {
  ...runHeaders,
  ...Object.fromEntries(['payment-response', ...RATE_HEADERS].map((name) => [name, header(name)])),
}
/** Of what takes more than a name: a key of this gateway, or a wallet that has signed in. */
export const PROVEN = [{ bearer: [] }]
export const parameters = (...names: readonly string[]) =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }))

export const json = (schema: z.ZodType, examples: Readonly<Record<string, unknown>> = {}) => ({
  'application/json': {
    schema,
    examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])),
  },
})

export const eventStream = (schema: z.ZodType, examples: Readonly<Record<string, unknown>> = {}) => ({
  'text/event-stream': json(schema, examples)['application/json'],
})

/** A reply of a route that runs nothing. */
export const plainReply = (description: string, content: ZodOpenApiContentObject) => ({
  description,
  headers: requestIdHeader,
  content,
})

export const RUN_ERRORS = errorReplies(
  400,
  401,
  402,
  403,
  404,
  405,
  408,
  409,
  413,
  415,
  422,
  429,
  431,
  500,
  502,
  503,
  504,
)
/** Of a route that reads the store. */
export const STORE_ERRORS = errorReplies(400, 401, 403, 404, 405, 408, 429, 431, 500, 503)
export const PLAIN_ERRORS = errorReplies(400, 405, 408, 431, 500)
