import type { RequestHandler } from 'express'
import type { RateLimits } from '../../accounts/limits/create-rate-limits.ts'
import { identityOf } from '../auth.ts'
import { tellRates } from './rate-limit-headers.ts'

/** Counts a request of whoever has been authenticated, whatever becomes of it. */
export function limitCaller(limits: Pick<RateLimits, 'takeRequest'>): RequestHandler {
  return async (_req, res, next) => {
    await tellRates(res, limits.takeRequest(identityOf(res)), (standings) => standings)
    next()
  }
}
