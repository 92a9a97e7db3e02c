import { GatewayError } from '../errors.ts'
import type { StoredError } from './run-record.ts'

/** What may be kept and told of anything a run threw; the rest is for the log. */
export function toStoredError(thrown: unknown): StoredError {
  if (!(thrown instanceof GatewayError)) {
    return {
      message: 'The server had an error while it worked on the run. Its operator finds it by the id of the run.',
      status: 500,
      code: 'internal_error',
      type: 'server_error',
      param: null,
      details: {},
    }
  }
  const { message, status, code, type, param, details, retryAfterSec } = thrown
  return { message, status, code, type, param, details, ...(retryAfterSec !== undefined && { retryAfterSec }) }
}

/** The inverse of {@link toStoredError}. */
export function fromStoredError({ message, ...options }: StoredError): GatewayError {
  return new GatewayError(message, options)
}
