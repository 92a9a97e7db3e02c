import pino, { type DestinationStream, type Level, type Logger } from 'pino'
import { toErrorFields } from '../error-fields.ts'
import { redactSecrets } from './redact-secrets.ts'

/**
 * The log, one line of JSON each. Lines are cleaned of secrets as they leave, wherever in them one stands: what other
 * libraries put into their messages, causes and stacks cannot be listed by field.
 * @param destination - standard output, where unset.
 */
export function createLog(
  { level }: { level: Level | 'silent' },
  destination: DestinationStream = pino.destination(1),
): Logger {
  return pino(
    {
      level,
      serializers: { err: toErrorField, error: toErrorField },
      hooks: { streamWrite: redactSecrets },
    },
    destination,
  )
}

/** Fields that are made for the log already stay as they are. */
function toErrorField(value: unknown): unknown {
  return value instanceof Error ? toErrorFields(value) : value
}
