import cors from 'cors'
import type { RequestHandler } from 'express'

/**
 * Lets web pages call the gateway. The headers a preflight asks for are echoed, as a list of what the SDKs send would
 * always lag; credentials travel in headers and never as cookies, so any origin may ask.
 */
export function browserAccess(): RequestHandler {
  return cors({ origin: true, methods: ['GET', 'HEAD', 'POST'], exposedHeaders: EXPOSED, maxAge: 7200 })
}

// Browsers hide what is not listed, so what proxies before us add for clients to read stands here as well.
const EXPOSED = [
  'x-request-id',
  'x-groundwire-run-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  ...['limit', 'remaining', 'reset'].flatMap((what) => [`x-ratelimit-${what}-requests`, `x-ratelimit-${what}-tokens`]),
]
