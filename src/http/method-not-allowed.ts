import type { RequestHandler } from 'express'
import { GatewayError } from '../errors.ts'

/** The last handler of a route: tells what the route answers, to `OPTIONS` as asked for and to other methods as a 405. */
export function methodNotAllowed(...allowed: readonly string[]): RequestHandler {
  const allow = [...allowed, 'OPTIONS'].join(', ')
  return (req, res) => {
    res.setHeader('allow', allow)
    if (req.method === 'OPTIONS') {
      res.status(204).end()
      return
    }
    throw new GatewayError(`Not allowed to ${req.method} on ${req.path.slice(0, 200)}. Use ${allowed[0]}.`, {
      status: 405,
      code: null,
    })
  }
}
