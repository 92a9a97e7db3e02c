import { randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
import express from 'express'
import helmet, { type HelmetOptions } from 'helmet'
import type { Logger } from 'pino'
import { authenticate } from './http/auth.ts'
import { chatCompletions } from './http/chat/chat-completions.ts'
import { errorHandler } from './http/error-handler.ts'
import { methodNotAllowed } from './http/method-not-allowed.ts'
import { listModels, showModel } from './http/model-list.ts'
import { docsRoutes } from './http/openapi/docs-routes.ts'
import { showOpenApi } from './http/openapi/show-openapi.ts'
import { requestId } from './http/request-id.ts'
import { requestLog } from './http/request-log.ts'
import { type BackgroundRuns, createBackgroundRuns } from './http/responses/background-runs.ts'
import { createResponse } from './http/responses/create-response.ts'
import { cancelResponse, deleteResponse } from './http/responses/end-response.ts'
import type { KeptResponseDeps } from './http/responses/kept-responses.ts'
import { listInputItems } from './http/responses/list-input-items.ts'
import type { KeptResponse } from './http/responses/response-object.ts'
import { showResponse } from './http/responses/show-response.ts'
import { routeNotFound } from './http/route-not-found.ts'
import type { RunRouteDeps } from './http/run-route.ts'
import { createSchemaFaults } from './http/schema-faults.ts'
import { type Readiness, showReadiness } from './http/show-readiness.ts'
import { browserAccess } from './http/transport/browser-access.ts'
import { cleanPath } from './http/transport/clean-path.ts'
import { jsonBody } from './http/transport/json-body.ts'
import { bigintToText } from './http/transport/json-text.ts'
import { singleHeaders } from './http/transport/single-headers.ts'
import { welcome } from './http/welcome.ts'
import type { Models } from './models/models.ts'
import { createMemoryKeep, type Keep } from './runs/keep.ts'
import type { ExecuteRun } from './runs/run.ts'

export type AppDeps = {
  models: Models
  /** Names no tool of a caller may take. */
  serverToolNames: readonly string[]
  executeRun: ExecuteRun
  readiness: () => Promise<Readiness>
  log: Logger
  bodyLimitBytes: number
  /** Responses that can be asked for again. */
  keptResponses?: Keep<KeptResponse>
  backgroundRuns?: BackgroundRuns
  newRunId?: () => string
  /** Unix time in milliseconds. */
  now?: () => number
  /** Longest silence in a stream. */
  heartbeatMs?: number
}

/** The gateway without a socket. */
export function createApp({
  models,
  serverToolNames,
  executeRun,
  readiness,
  log,
  bodyLimitBytes,
  keptResponses: keep = createMemoryKeep<KeptResponse>({ ttlMs: KEEP_MS, maxBytes: KEEP_BYTES }),
  backgroundRuns: background = createBackgroundRuns(),
  newRunId = createRunId,
  now = Date.now,
  heartbeatMs = 10_000,
}: AppDeps): RequestListener {
  const createdSec = Math.floor(now() / 1000)
  const findSchemaFault = createSchemaFaults()
  const runs: RunRouteDeps = { models, serverToolNames, findSchemaFault, executeRun, newRunId, now, heartbeatMs }
  const kept: KeptResponseDeps = { keep, background }
  const complete = chatCompletions(runs)
  const respond = createResponse({ ...runs, ...kept, log })
  const readOnly = methodNotAllowed('GET', 'HEAD')

  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple').set('json replacer', bigintToText)
  app.use(requestId, requestLog(log), helmet(HEADERS), browserAccess(), singleHeaders)

  app.route('/').get(welcome).all(readOnly)
  app.route('/health').get(health).all(readOnly)
  app.route('/ready').get(showReadiness(readiness)).all(readOnly)
  app.route('/v1/models').get(authenticate, listModels(models, createdSec)).all(readOnly)
  app.route('/v1/models/*id').get(authenticate, showModel(models, createdSec)).all(readOnly)
  app.route('/v1/chat/completions').post(authenticate, jsonBody(bodyLimitBytes), complete).all(methodNotAllowed('POST'))
  app.route('/v1/responses').post(authenticate, jsonBody(bodyLimitBytes), respond).all(methodNotAllowed('POST'))
  app
    .route('/v1/responses/:id')
    .get(authenticate, showResponse({ ...kept, heartbeatMs }))
    .delete(authenticate, deleteResponse(kept))
    .all(methodNotAllowed('GET', 'HEAD', 'DELETE'))
  app.route('/v1/responses/:id/cancel').post(authenticate, cancelResponse(kept)).all(methodNotAllowed('POST'))
  app.route('/v1/responses/:id/input_items').get(authenticate, listInputItems(kept)).all(readOnly)
  app.route('/openapi.json').get(showOpenApi()).all(readOnly)
  app.use(docsRoutes())

  app.use(routeNotFound, errorHandler)
  return (req, res) => {
    req.url = cleanPath(req.url ?? '/') // before Express, which answers a URL it cannot parse on its own, as HTML
    app(req, res)
  }
}

const KEEP_MS = 3_600_000
const KEEP_BYTES = 128_000_000

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
