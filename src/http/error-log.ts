import { BackendError, GatewayError } from '../errors.ts'

/** An error as the log shows it: named fields alone, as parsers and clients hang bodies and keys on their errors. */
type ErrorLog = { name: string; message: string; code?: string; stack?: string; cause?: ErrorLog }

/** What a caller did wrong, or a model, needs no stack: it is not about our code. */
export function toErrorLog(thrown: unknown, depth = 0): ErrorLog {
  if (!(thrown instanceof Error)) return { name: typeof thrown, message: String(thrown).slice(0, 500) }
  const isOthers =
    thrown instanceof GatewayError &&
    (thrown.status < 500 || (thrown instanceof BackendError && thrown.cause === undefined))
  const message = quotesOthers(thrown) ? 'left out, as it may quote a prompt' : thrown.message
  return {
    name: thrown.name,
    message: message.slice(0, 2_000),
    ...('code' in thrown && typeof thrown.code === 'string' && { code: thrown.code.slice(0, 64) }),
    ...(!isOthers &&
      thrown.stack !== undefined && { stack: thrown.stack.replace(thrown.message, message).slice(0, 8_000) }),
    ...(thrown.cause !== undefined && depth < 4 && { cause: toErrorLog(thrown.cause, depth + 1) }),
  }
}

/** `JSON.parse` quotes what it read; the clients of model servers hand on their words, and put `headers` beside them. */
function quotesOthers(error: Error): boolean {
  return error instanceof SyntaxError || 'headers' in error
}
