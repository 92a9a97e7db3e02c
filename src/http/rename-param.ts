import { GatewayError } from '../errors.ts'

/**
 * What a run says of one field of a request, said of the field that the caller knows.
 * @param names - by the name the run uses.
 * @param rephrase - says its message in the caller's words.
 */
export function renameParam(
  thrown: unknown,
  names: Readonly<Record<string, string>>,
  rephrase: (message: string) => string = (message) => message,
): unknown {
  if (!(thrown instanceof GatewayError)) return thrown
  const { message, type, param, code, status, details, retryAfterSec, cause } = thrown
  const name = names[param ?? '']
  if (name === undefined) return thrown
  return new GatewayError(rephrase(message), {
    type,
    param: name,
    code,
    status,
    details,
    cause,
    ...(retryAfterSec !== undefined && { retryAfterSec }),
  })
}
