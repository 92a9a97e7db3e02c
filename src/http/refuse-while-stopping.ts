import type { RequestHandler } from 'express'
import { ServerStoppingError, type Stopping } from './stopping.ts'

/** Takes no request once the process stops, and lets those it takes hear when it does. */
export function refuseWhileStopping(stopping: Stopping): RequestHandler {
  return (_req, res, next) => {
    if (stopping.hasBegun) throw new ServerStoppingError()
    res.locals.stopping = stopping
    next()
  }
}
