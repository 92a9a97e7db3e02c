import type { RequestHandler } from 'express'
import { GatewayError } from '../errors.ts'

/** The last handler of a route: 405, with what the route does answer. */
export function methodNotAllowed(...allowed: readonly string[]): RequestHandler {
  return (req, res) => {
    res.setHeader('allow', [...allowed, 'OPTIONS'].join(', '))
    throw new GatewayError(`Not allowed to ${req.method} on ${req.path.slice(0, 200)}. Use ${allowed[0]}.`, {
      status: 405,
      code: null,
    })
  }
}
