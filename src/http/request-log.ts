import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { GatewayError } from '../errors.ts'
import { toErrorLog } from './error-log.ts'
import type { RequestNote } from './request-note.ts'

/** One line per request, when it is over. Never its body, its keys or its query string. */
export function requestLog(log: Logger): RequestHandler {
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
        ...(error !== undefined && status !== CALLER_LEFT && { error: toErrorLog(error) }),
      }
      log[toLevel(line, error)](line, 'request')
    })
    next()
  }
}

/** nginx's status for a caller who left; never sent. */
const CALLER_LEFT = 499

function toLevel(
  { route, status }: { route: string | null; status: number },
  error: unknown,
): 'debug' | 'info' | 'error' {
  const isFault = error !== undefined && (!(error instanceof GatewayError) || error.status >= 500)
  if (status >= 500 || (status === 200 && isFault)) return 'error'
  return route === '/health' || route === '/ready' ? 'debug' : 'info'
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
const SECRET = /^(bearer |sk-|gw_)|\b0x[0-9a-f]{64}\b/i
