import { GatewayError } from '../../errors.ts'
import { toGatewayError } from '../error-handler.ts'
import type { WireError } from './response-object.ts'

/** An error of a response that has begun. Agents shorten their history on `context_length_exceeded`. */
export function toFailure(thrown: unknown): WireError {
  const { message, type, param, code, status } = toGatewayError(inWordsOfResponses(thrown))
  return { code: toFailureCode(code, status), message, type, param }
}

/** What the run says of a field of chat completions, said of this API's. */
export function inWordsOfResponses(thrown: unknown): unknown {
  if (!(thrown instanceof GatewayError)) return thrown
  const { message, type, param, code, status, details, retryAfterSec, cause } = thrown
  const name = FIELDS[param ?? '']
  if (name === undefined) return thrown
  return new GatewayError(message.replaceAll('max_tokens', 'max_output_tokens'), {
    type,
    param: name,
    code,
    status,
    details,
    cause,
    ...(retryAfterSec !== undefined && { retryAfterSec }),
  })
}

const FIELDS: Readonly<Record<string, string>> = { messages: 'input', max_tokens: 'max_output_tokens' }

function toFailureCode(code: string | null, status: number): string {
  if (code === 'context_length_exceeded') return code
  if (status === 429) return 'rate_limit_exceeded'
  return status < 500 ? 'invalid_prompt' : 'server_error'
}
