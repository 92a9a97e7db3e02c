import express, { type RequestHandler, type Router } from 'express'
import type { AccountDesks } from './account-desks.ts'
import { ownAccountRoutes } from './http/accounts/own-account-routes.ts'
import type { TopUpWays } from './http/accounts/top-up-ways.ts'
import { adminRoutes } from './http/admin/admin-routes.ts'
import { keyRoutes } from './http/keys/key-routes.ts'
import { orgRoutes } from './http/orgs/org-routes.ts'
import { x402Routes } from './http/payments/x402-routes.ts'
import { signInRoutes } from './http/sign-in/sign-in-routes.ts'
import { usageRoutes } from './http/usage/usage-routes.ts'
import { voucherRoutes } from './http/vouchers/voucher-routes.ts'

export type AccountRoutesDeps = Omit<AccountDesks, 'identify' | 'limits'> & {
  authenticate: RequestHandler
  adminKey: string | undefined
  freeMode: boolean
  topUpWays: TopUpWays
  bodyLimitBytes: number
}

/** What callers do with their accounts, and operators with all of them. */
export function accountRoutes({ admin, adminKey, x402, ...deps }: AccountRoutesDeps): Router {
  const { bodyLimitBytes } = deps
  const router = express.Router()
  router.use(
    signInRoutes(deps),
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
