/**
 * An error as the log shows it: named fields alone. Clients hang their connection, with its password, on what they throw,
 * and parsers the text they could not read.
 */
export type ErrorFields = {
  type: string
  message: string
  code?: string
  stack?: string
  cause?: ErrorFields
  /** Of an AggregateError: one per address that was tried. */
  errors?: readonly ErrorFields[]
}

export function toErrorFields(thrown: unknown, depth = 0): ErrorFields {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: toText(thrown).slice(0, 500) }
  const { cause } = thrown
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  const errors = thrown instanceof AggregateError ? thrown.errors.slice(0, 4) : []
  return {
    type: thrown.name,
    message: thrown.message.slice(0, 2_000),
    ...(code !== undefined && { code: code.slice(0, 64) }),
    ...(thrown.stack !== undefined && { stack: thrown.stack.slice(0, 8_000) }),
    ...(cause !== undefined && depth < MAX_DEPTH && { cause: toErrorFields(cause, depth + 1) }),
    ...(errors.length > 0 &&
      depth < MAX_DEPTH && { errors: errors.map((error: unknown) => toErrorFields(error, depth + 1)) }),
  }
}

const MAX_DEPTH = 4

function toText(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'a value without a text'
  }
}
