import type { RequestHandler } from 'express'
import { BadRequestError } from '../../errors.ts'

/**
 * Refuses a header sent twice where it may be said once only. Node joins the two or drops one, and a proxy before us may
 * have read the other: two parties would then act on different callers or bodies.
 */
export const singleHeaders: RequestHandler = (req, _res, next) => {
  const seen = new Set<string>()
  for (let at = 0; at < req.rawHeaders.length; at += 2) {
    const name = req.rawHeaders[at]?.toLowerCase() ?? ''
    if (!SINGLE.has(name) && !name.startsWith('x-groundwire-')) continue
    if (seen.has(name)) {
      throw new BadRequestError(`The header '${name.slice(0, 64)}' is sent more than once. Send it once.`)
    }
    seen.add(name)
  }
  next()
}

const SINGLE = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'x-request-id',
  'x-wallet-address',
])
