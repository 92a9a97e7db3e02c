import cors from 'cors'
import type { RequestHandler } from 'express'

/**
 * Lets web pages call the gateway. The headers a preflight asks for are echoed, as a list of what the SDKs send would
 * always lag; credentials travel in headers and never as cookies, so any origin may ask.
 */
export function browserAccess(): RequestHandler {
  return cors({ origin: true, methods: ['GET', 'HEAD', 'POST'], exposedHeaders: EXPOSED, maxAge: 7200 })
}

const EXPOSED = ['x-request-id', 'x-groundwire-run-id', 'retry-after', 'x-should-retry']
