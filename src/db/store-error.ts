import pg from 'pg'
import { GatewayError } from '../errors.ts'

/** A failed query's error, as its caller may hear it: 503 where the server cannot be reached, and as it is otherwise. */
export function toStoreError(thrown: unknown): unknown {
  if (thrown instanceof GatewayError || !isUnavailable(thrown)) return thrown
  return new GatewayError('The gateway cannot reach its store (Postgres) right now. Try again in a few seconds.', {
    code: 'store_unavailable',
    status: 503,
    type: 'service_unavailable_error',
    retryAfterSec: 5,
    cause: thrown,
  })
}

/** Whether the server is away, starting, stopping or full, rather than the statement wrong. */
export function isUnavailable(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  const { code = '' } = thrown as { code?: unknown }
  if (thrown instanceof pg.DatabaseError) return UNAVAILABLE_STATES.test(String(code))
  if (thrown instanceof AggregateError) return thrown.errors.some(isUnavailable) // one for each address that was tried
  return NETWORK_CODES.has(String(code)) || CLIENT_MESSAGES.test(thrown.message)
}

/** @param constraint - where only that one is meant. */
export function isUniqueViolation(thrown: unknown, constraint?: string): boolean {
  if (!(thrown instanceof pg.DatabaseError) || thrown.code !== '23505') return false
  return constraint === undefined || thrown.constraint === constraint
}

/** Whether a number would be more than its column holds. */
export function isOutOfRange(thrown: unknown): boolean {
  return thrown instanceof pg.DatabaseError && thrown.code === '22003'
}

/** https://www.postgresql.org/docs/18/errcodes-appendix.html: connections, resources, shutdowns, read-only standbys, I/O. */
const UNAVAILABLE_STATES = /^(08...|53...|57P0[1-5]|57014|25006|25P03|58030)$/
const NETWORK_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'ENOENT'],
])
/** Errors of `pg` itself, which have no code. */
const CLIENT_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|timeout expired|Client has encountered a connection error|Cannot use a pool after calling end|The server closed the connection)/
