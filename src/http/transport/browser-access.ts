import cors from 'cors'
import type { RequestHandler } from 'express'

/**
 * Lets web pages call the gateway. The headers a preflight asks for are echoed, as a list of what the SDKs send would
 * always lag; credentials travel in headers and never as cookies, so any origin may ask.
 */
export function browserAccess(): RequestHandler {
  const answerPreflight = cors(OPTIONS)
  const addHeaders = cors({ ...OPTIONS, preflightContinue: true })
  return (req, res, next) => {
    // Not every OPTIONS is a preflight: a bare one asks what the route can do.
    const isPreflight = req.headers['access-control-request-method'] !== undefined
    if (isPreflight) answerPreflight(req, res, next)
    else addHeaders(req, res, next)
  }
}

// Browsers hide what is not listed, so what proxies before us add for clients to read stands here as well.
const EXPOSED = [
  'x-request-id',
  'location',
  'x-groundwire-run-id',
  'x-groundwire-tools-left-out',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'payment-required',
  'payment-response',
  ...['limit', 'remaining', 'reset'].flatMap((what) => [`x-ratelimit-${what}-requests`, `x-ratelimit-${what}-tokens`]),
]

const OPTIONS: cors.CorsOptions = {
  origin: true,
  methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
  exposedHeaders: EXPOSED,
  maxAge: 7200,
}
