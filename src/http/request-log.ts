import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { toErrorFields } from '../error-fields.ts'
import { GatewayError, RunGoesOnError } from '../errors.ts'
import type { RequestNote } from './request-note.ts'
import { ServerStoppingError } from './stopping.ts'

/** A request that is over. `route` is the template that has matched, `status` 499 where the caller left. */
export type EndedRequest = { method: string; route: string | null; status: number; ms: number }

/** One line per request, when it is over. Never its body, its keys or its query string. */
export function requestLog(log: Logger, onRequest?: (request: EndedRequest) => void): RequestHandler {
  return (req, res, next) => {
    const startedAtMs = performance.now()
    const note: RequestNote = {}
    res.locals.note = note
    res.once('close', () => {
      const { error, metadata, runBegun: _, isAnswered = res.writableFinished, ...rest } = note
      const status = isAnswered ? res.statusCode : CALLER_LEFT
      const route: string | null = req.route?.path ?? null
      const line = {
        requestId: res.locals.requestId,
        method: req.method,
        route,
        status,
        ms: Math.round(performance.now() - startedAtMs),
        ...rest,
        ...(metadata && { metadata: redact(metadata) }),
        ...(error !== undefined && status !== CALLER_LEFT && { error: toErrorFields(error) }),
      }
      log[toLevel(line, error)](line, 'request')
      onRequest?.(line)
    })
    next()
  }
}

/** Asked for every few seconds by whoever watches. */
const PROBES: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics'])

/** nginx's status for a caller who left; never sent. */
const CALLER_LEFT = 499

function toLevel(
  { route, status }: { route: string | null; status: number },
  error: unknown,
): 'debug' | 'info' | 'error' {
  // Expected at every deploy, and told as such; so is a run that goes on without its caller.
  if (error instanceof ServerStoppingError || error instanceof RunGoesOnError) return 'info'
  const isFault = error !== undefined && (!(error instanceof GatewayError) || error.status >= 500)
  // Asked every few seconds: whoever asks sees the status.
  if (route !== null && PROBES.has(route) && error === undefined) return 'debug'
  if (status >= 500 || (status === 200 && isFault)) return 'error'
  return 'info'
}

function redact(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name,
      SECRET_NAME.test(name) || SECRET.test(value) ? '[redacted]' : value,
    ]),
  )
}

const SECRET_NAME = /key|token|secret|passw|auth(?!or)|credential|mnemonic/i
const SECRET = /^(bearer |sk-|gw[siv]?_)|\b0x[0-9a-f]{64}\b/i
