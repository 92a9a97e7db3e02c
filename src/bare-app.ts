import type { RequestListener } from 'node:http'
import express, { type Express } from 'express'
import helmet, { type HelmetOptions } from 'helmet'
import type { Logger } from 'pino'
import { errorHandler } from './http/error-handler.ts'
import { toTrustProxy } from './http/rate-limits/trusted-proxies.ts'
import { requestId } from './http/request-id.ts'
import { type EndedRequest, requestLog } from './http/request-log.ts'
import { routeNotFound } from './http/route-not-found.ts'
import { cleanPath } from './http/transport/clean-path.ts'
import { bigintToText } from './http/transport/json-text.ts'

export type BareAppDeps = {
  log: Logger
  onRequest?: ((request: EndedRequest) => void) | undefined
  /** Addresses and ranges whose `X-Forwarded-For` is believed. */
  trustedProxies?: readonly string[] | undefined
}

/** What every process answers alike, before it has a route. */
export function createBareApp({ log, onRequest, trustedProxies = [] }: BareAppDeps): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple').set('json replacer', bigintToText)
  app.set('trust proxy', toTrustProxy(trustedProxies))
  app.use(requestId, requestLog(log, onRequest), helmet(HEADERS))
  return app
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
