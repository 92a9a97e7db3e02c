import express, { type RequestHandler, type Router } from 'express'
import type { AccountDesks } from './account-desks.ts'
import { ownAccountRoutes } from './http/accounts/own-account-routes.ts'
import type { TopUpWays } from './http/accounts/top-up-ways.ts'
import { adminRoutes } from './http/admin/admin-routes.ts'
import { keyRoutes } from './http/keys/key-routes.ts'
import { orgRoutes } from './http/orgs/org-routes.ts'
import { x402Routes } from './http/payments/x402-routes.ts'
import { limitCaller } from './http/rate-limits/limit-caller.ts'
import { signInRoutes } from './http/sign-in/sign-in-routes.ts'
import { usageRoutes } from './http/usage/usage-routes.ts'
import { voucherRoutes } from './http/vouchers/voucher-routes.ts'

export type AccountRoutesDeps = Omit<AccountDesks, 'identify' | 'limits'> & {
  limits: Pick<AccountDesks['limits'], 'takeAccountRequest'>
  authenticate: RequestHandler
  adminKey: string | undefined
  freeMode: boolean
  topUpWays: TopUpWays
  bodyLimitBytes: number
}

/** What callers do with their accounts, and operators with all of them. */
export function accountRoutes({ admin, adminKey, x402, limits, ...rest }: AccountRoutesDeps): Router {
  const { bodyLimitBytes } = rest
  const deps = { ...rest, authenticate: countedBy(limits, rest.authenticate) }
  const router = express.Router()
  router.use(
    signInRoutes(rest),
    keyRoutes(deps),
    orgRoutes(deps),
    ownAccountRoutes(deps),
    usageRoutes(deps),
    voucherRoutes(deps),
    x402Routes({ ...deps, desk: x402 }),
    adminRoutes({ adminKey, desk: admin, bodyLimitBytes }),
  )
  return router
}

/** What ends something is let through: a stolen key that has used up the minute must not keep its holder from revoking it. */
function countedBy(limits: AccountRoutesDeps['limits'], authenticate: RequestHandler): RequestHandler {
  const limit = limitCaller({ takeRequest: limits.takeAccountRequest })
  const count: RequestHandler = (req, res, next) => (req.method === 'DELETE' ? next() : limit(req, res, next))
  return express.Router().use(authenticate, count)
}
