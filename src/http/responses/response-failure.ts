import { toGatewayError } from '../error-handler.ts'
import { renameParam } from '../rename-param.ts'
import type { WireError } from './response-object.ts'

/** An error of a response that has begun. Agents shorten their history on `context_length_exceeded`. */
export function toFailure(thrown: unknown): WireError {
  const { message, type, param, code, status } = toGatewayError(thrown)
  return { code: toFailureCode(code, status), message, type, param }
}

/** What the run says of a field of chat completions, said of this API's. */
export function inWordsOfResponses(thrown: unknown): unknown {
  return renameParam(thrown, FIELDS, (message) => message.replaceAll('max_tokens', 'max_output_tokens'))
}

const FIELDS: Readonly<Record<string, string>> = { messages: 'input', max_tokens: 'max_output_tokens' }

function toFailureCode(code: string | null, status: number): string {
  if (code === 'context_length_exceeded') return code
  if (status === 429) return 'rate_limit_exceeded'
  return status < 500 ? 'invalid_prompt' : 'server_error'
}
