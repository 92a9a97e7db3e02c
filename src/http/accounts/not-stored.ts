import type { RequestHandler } from 'express'

/** No cache on the way is to keep what somebody has. */
export const notStored: RequestHandler = (_req, res, next) => {
  res.setHeader('cache-control', 'no-store')
  next()
}
