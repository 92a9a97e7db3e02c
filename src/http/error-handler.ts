import type { ErrorRequestHandler } from 'express'
import { BadRequestError, GatewayError, RunGoesOnError } from '../errors.ts'
import { endUpload } from './transport/end-upload.ts'
import { toJsonText } from './transport/json-text.ts'
import { toSseFrame } from './transport/sse.ts'

/** OpenAI's envelope. `details` is a sentence of values that explain the error. */
type ErrorBody = {
  error: { message: string; type: string; param: string | null; code: string | null }
  details?: string
}

/** The one place that turns errors into wire. What is no {@link GatewayError} leaves as a bare 500. */
export const errorHandler: ErrorRequestHandler = (raised, req, res, _next) => {
  const thrown = toReason(raised)
  res.locals.note.error = thrown
  if (res.closed || res.destroyed) return // the caller left: nobody to tell
  const error = toGatewayError(thrown)
  if (res.headersSent) {
    // A stream without `[DONE]` has failed; a blocking reply has sent its head where its caller wants to be kept waiting.
    const isStream = String(res.getHeader('content-type')).startsWith('text/event-stream')
    res.end(isStream ? toSseFrame(toErrorBody(error)) : toJsonText(toErrorBody(error)))
    return
  }
  if (error.retryAfterSec !== undefined) res.setHeader('retry-after', toRetryAfter(error.retryAfterSec))
  const isFinal =
    error.status === CONFLICT ||
    error.status === PAYMENT_REQUIRED ||
    (res.locals.note.runBegun && !(error instanceof RunGoesOnError))
  if (isFinal) res.setHeader('x-should-retry', 'false')
  res.status(error.status)
  if (error.status === 413) endUpload(req, res, toErrorBody(error))
  else res.json(toErrorBody(error))
}

function toErrorBody({ message, type, param, code, details }: GatewayError): ErrorBody {
  const values = Object.entries(details).map(([name, value]) => `${name}: ${toText(value)}`)
  return { error: { message, type, param, code }, ...(values.length > 0 && { details: values.join(', ') }) }
}

/** SDKs send such a request again by themselves: a run that was cancelled would start anew. */
const CONFLICT = 409
/** Nothing changes until somebody pays. */
const PAYMENT_REQUIRED = 402

/** What a caller may be told of anything that was thrown. */
export function toGatewayError(raised: unknown): GatewayError {
  const thrown = toReason(raised)
  if (thrown instanceof GatewayError) return thrown
  if (isHttpError(thrown))
    return new BadRequestError('We could not read your request. Check its URL, headers and body.')
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

/** Node wraps what a signal was aborted with. */
function toReason(thrown: unknown): unknown {
  const isAbort = thrown instanceof Error && thrown.name === 'AbortError'
  return isAbort && thrown.cause instanceof GatewayError ? thrown.cause : thrown
}

/** What Express throws on account of the caller, such as a path that cannot be decoded. */
function isHttpError(thrown: unknown): boolean {
  if (!(thrown instanceof Error) || !('status' in thrown)) return false
  return typeof thrown.status === 'number' && thrown.status >= 400 && thrown.status < 500
}

// SDKs ignore a wait above 60 s and come back sooner.
const toRetryAfter = (seconds: number) => String(Math.min(60, Math.max(1, Math.ceil(seconds))))

const toText = (value: unknown) => (typeof value === 'object' ? toJsonText(value) : String(value))
