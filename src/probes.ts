import type { RequestListener } from 'node:http'
import express, { type Express, type RequestHandler } from 'express'
import helmet, { type HelmetOptions } from 'helmet'
import type { Logger } from 'pino'
import { errorHandler } from './http/error-handler.ts'
import { methodNotAllowed } from './http/method-not-allowed.ts'
import { requestId } from './http/request-id.ts'
import { type EndedRequest, requestLog } from './http/request-log.ts'
import { routeNotFound } from './http/route-not-found.ts'
import { type Readiness, showReadiness } from './http/show-readiness.ts'
import { cleanPath } from './http/transport/clean-path.ts'
import { bigintToText } from './http/transport/json-text.ts'

export type ProbeDeps = {
  readiness: () => Promise<Readiness>
  showMetrics: RequestHandler
  log: Logger
  onRequest?: ((request: EndedRequest) => void) | undefined
}

/** What whoever watches a process asks; all that a worker answers. */
export function createProbes(deps: ProbeDeps): RequestListener {
  const app = createBareApp(deps)
  addProbes(app, deps)
  return toListener(app)
}

export function createBareApp({ log, onRequest }: Pick<ProbeDeps, 'log' | 'onRequest'>): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple').set('json replacer', bigintToText)
  app.use(requestId, requestLog(log, onRequest), helmet(HEADERS))
  return app
}

export function addProbes(app: Express, { readiness, showMetrics }: ProbeDeps): void {
  const readOnly = methodNotAllowed('GET', 'HEAD')
  app.route('/health').get(health).all(readOnly)
  app.route('/ready').get(showReadiness(readiness)).all(readOnly)
  app.route('/metrics').get(showMetrics).all(readOnly)
}

/** The app with its last handlers. */
export function toListener(app: Express): RequestListener {
  app.use(routeNotFound, errorHandler)
  return (req, res) => {
    req.url = cleanPath(req.url ?? '/') // before Express, which answers a URL it cannot parse on its own, as HTML
    app(req, res)
  }
}

const HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: 'cross-origin' },
  strictTransportSecurity: false, // for whoever ends TLS to decide: it binds a whole domain for a year
} as const satisfies HelmetOptions

const health: RequestHandler = (_req, res) => {
  res.json({ status: 'ok' })
}
