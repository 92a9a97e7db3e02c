import type { RequestHandler } from 'express'
import type { RateLimits } from '../../accounts/limits/create-rate-limits.ts'
import { networkOf } from './network-of.ts'
import { tellRates } from './rate-limit-headers.ts'

/** Counts each request by where it comes from, before anybody is asked who they are: keys cannot be guessed at speed. */
export function limitIp(limits: Pick<RateLimits, 'takeNetworkRequest'>): RequestHandler {
  return async (req, res, next) => {
    await tellRates(res, limits.takeNetworkRequest(networkOf(req)), (standings) => standings)
    next()
  }
}
