import { randomUUID } from 'node:crypto'
import express, { type Express } from 'express'
import helmet, { type HelmetOptions } from 'helmet'
import type { Logger } from 'pino'
import { authenticate } from './http/auth.ts'
import { browserAccess } from './http/browser-access.ts'
import { chatCompletions } from './http/chat/chat-completions.ts'
import { cleanPath } from './http/clean-path.ts'
import { errorHandler, routeNotFound } from './http/error-handler.ts'
import { jsonBody } from './http/json-body.ts'
import { bigintToText } from './http/json-text.ts'
import { methodNotAllowed } from './http/method-not-allowed.ts'
import { listModels, showModel } from './http/model-list.ts'
import { type Readiness, showReadiness } from './http/readiness.ts'
import { requestId } from './http/request-id.ts'
import { requestLog } from './http/request-log.ts'
import { welcome } from './http/welcome.ts'
import type { Models } from './models/models.ts'
import type { ExecuteRun } from './runs/run.ts'

export type AppDeps = {
  models: Models
  executeRun: ExecuteRun
  readiness: () => Promise<Readiness>
  log: Logger
  bodyLimitBytes: number
  newRunId?: () => string
  /** Unix time in milliseconds. */
  now?: () => number
  /** Longest silence in a stream. */
  heartbeatMs?: number
}

/** The gateway as an Express app, without a socket. */
export function createApp({
  models,
  executeRun,
  readiness,
  log,
  bodyLimitBytes,
  newRunId = createRunId,
  now = Date.now,
  heartbeatMs = 10_000,
}: AppDeps): Express {
  const createdSec = Math.floor(now() / 1000)
  const complete = chatCompletions({ models, executeRun, newRunId, now, heartbeatMs })
  const readOnly = methodNotAllowed('GET', 'HEAD')

  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple').set('json replacer', bigintToText)
  app.use(requestId, requestLog(log), helmet(HEADERS), browserAccess(), cleanPath)

  app.route('/').get(welcome).all(readOnly)
  app.route('/health').get(health).all(readOnly)
  app.route('/ready').get(showReadiness(readiness)).all(readOnly)
  app.route('/v1/models').get(authenticate, listModels(models, createdSec)).all(readOnly)
  app.route('/v1/models/*id').get(authenticate, showModel(models, createdSec)).all(readOnly)
  app.route('/v1/chat/completions').post(authenticate, jsonBody(bodyLimitBytes), complete).all(methodNotAllowed('POST'))

  app.use(routeNotFound, errorHandler)
  return app
}

/** A UUID draws on random bytes that Node keeps at hand; asking for fresh ones costs a tenth of a request. */
function createRunId(): string {
  return `run_${randomUUID().replaceAll('-', '').slice(0, 24)}`
}

const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'cross-origin' },
  strictTransportSecurity: false, // for whoever ends TLS to decide: it binds a whole domain for a year
} as const satisfies HelmetOptions

const health: express.RequestHandler = (_req, res) => {
  res.json({ status: 'ok' })
}
