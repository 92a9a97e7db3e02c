import { BackendError, GatewayError } from './errors.ts'

/**
 * An error as the log shows it: named fields alone. Clients hang their connection, with its password, on what they throw, and
 * parsers the text they could not read.
 */
export type ErrorFields = {
  name: string
  message: string
  code?: string
  /** Left out where a caller did wrong, or a model: that is not about our code. */
  stack?: string
  cause?: ErrorFields
  /** Of an AggregateError: one per address that was tried. */
  errors?: readonly ErrorFields[]
}

export function toErrorFields(thrown: unknown, depth = 0): ErrorFields {
  if (!(thrown instanceof Error)) return { name: typeof thrown, message: toText(thrown).slice(0, 500) }
  const { cause } = thrown
  const message = quotesOthers(thrown) ? 'left out, as it may quote a prompt' : thrown.message
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  const stack = isOthersFault(thrown) ? undefined : thrown.stack?.replace(thrown.message, () => message)
  const errors = thrown instanceof AggregateError ? thrown.errors.slice(0, MAX_ERRORS) : []
  const isDeep = depth >= MAX_DEPTH
  return {
    name: thrown.name,
    message: message.slice(0, 2_000),
    ...(code !== undefined && { code: code.slice(0, 64) }),
    ...(stack !== undefined && { stack: stack.slice(0, 8_000) }),
    ...(cause !== undefined && !isDeep && { cause: toErrorFields(cause, depth + 1) }),
    ...(errors.length > 0 && !isDeep && { errors: errors.map((error: unknown) => toErrorFields(error, depth + 1)) }),
  }
}

const MAX_DEPTH = 4
const MAX_ERRORS = 4

function isOthersFault(error: Error): boolean {
  if (!(error instanceof GatewayError)) return false
  return error.status < 500 || (error instanceof BackendError && error.cause === undefined)
}

/** `JSON.parse` quotes what it read; the clients of model servers hand on their words, and put `headers` beside them. */
function quotesOthers(error: Error): boolean {
  return error instanceof SyntaxError || 'headers' in error
}

function toText(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'a value without a text'
  }
}
