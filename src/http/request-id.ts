import { randomUUID } from 'node:crypto'
import type { RequestHandler } from 'express'

/** Every response carries `x-request-id`: the caller's own where it is harmless, else a new one. */
export const requestId: RequestHandler = (req, res, next) => {
  const offered = req.get('x-request-id')
  const id = offered !== undefined && HARMLESS.test(offered) ? offered : newRequestId()
  res.locals.requestId = id
  res.setHeader('x-request-id', id)
  next()
}

export function newRequestId(): string {
  return `req_${randomUUID().replaceAll('-', '')}`
}

const HARMLESS = /^[\w.-]{1,128}$/
