import type { ErrorRequestHandler, RequestHandler } from 'express'
import { BadRequestError, GatewayError } from '../errors.ts'
import { toJsonText } from './json-text.ts'
import { toSseFrame } from './sse.ts'

/** OpenAI's envelope. `details` is a sentence of values that explain the error. */
type ErrorBody = {
  error: { message: string; type: string; param: string | null; code: string | null }
  details?: string
}

/** The one place that turns errors into wire. What is no {@link GatewayError} leaves as a bare 500. */
export const errorHandler: ErrorRequestHandler = (thrown, _req, res, _next) => {
  res.locals.note.error = thrown
  if (res.closed || res.destroyed) return // the caller left: nobody to tell
  const error = toGatewayError(thrown)
  if (res.headersSent) {
    res.end(toSseFrame(toErrorBody(error))) // only a stream sends its head early; without `[DONE]` it has failed
    return
  }
  if (error.retryAfterSec !== undefined) res.setHeader('retry-after', toRetryAfter(error.retryAfterSec))
  if (res.locals.note.runBegun) res.setHeader('x-should-retry', 'false')
  res.status(error.status).json(toErrorBody(error))
}

export const routeNotFound: RequestHandler = (req) => {
  throw new GatewayError(`Invalid URL (${req.method} ${req.path.slice(0, 200)})`, { status: 404, code: null })
}

function toErrorBody({ message, type, param, code, details }: GatewayError): ErrorBody {
  const values = Object.entries(details).map(([name, value]) => `${name}: ${toText(value)}`)
  return { error: { message, type, param, code }, ...(values.length > 0 && { details: values.join(', ') }) }
}

/** What a caller may be told of anything that was thrown. */
function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  if (isHttpError(thrown)) return toClientError(thrown)
  return new GatewayError(
    'The server had an error while processing your request. Its operator finds it by x-request-id.',
    {
      status: 500,
      code: 'internal_error',
      type: 'server_error',
      cause: thrown,
    },
  )
}

/** What Express and its body parser throw on account of the caller; their texts quote the body, so none is passed on. */
type HttpError = { status: number; type?: string; limit?: number }

function isHttpError(thrown: unknown): thrown is HttpError {
  if (!(thrown instanceof Error) || !('status' in thrown)) return false
  return typeof thrown.status === 'number' && thrown.status >= 400 && thrown.status < 500
}

function toClientError(error: HttpError): GatewayError {
  switch (error.type) {
    case 'entity.parse.failed':
      return new BadRequestError(
        'We could not parse the JSON body of your request. The body must be one valid JSON object.',
      )
    case 'entity.too.large':
      return new GatewayError(`The request body is larger than the limit of ${error.limit} bytes.`, {
        status: 413,
        code: 'request_too_large',
      })
    case 'charset.unsupported':
      return new GatewayError('The charset of the request body is not supported. Use UTF-8.', {
        status: 415,
        code: null,
      })
    case 'encoding.unsupported':
      return new GatewayError('The content encoding of the request body is not supported. Send it plain or gzipped.', {
        status: 415,
        code: null,
      })
    default:
      return new BadRequestError('We could not read your request. Check its URL, headers and body.')
  }
}

// SDKs ignore a wait above 60 s and come back sooner.
const toRetryAfter = (seconds: number) => String(Math.min(60, Math.max(1, Math.ceil(seconds))))

const toText = (value: unknown) => (typeof value === 'object' ? toJsonText(value) : String(value))
