import express, { type RequestHandler, type Router } from 'express'
import type { BillDesk } from '../../accounts/usage/create-bill-desk.ts'
import { notStored } from '../accounts/not-stored.ts'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { showUsage } from './show-usage.ts'

export type UsageRoutesDeps = { bill: Pick<BillDesk, 'usage' | 'seat'>; authenticate: RequestHandler }

/** What callers have used. */
export function usageRoutes({ bill, authenticate }: UsageRoutesDeps): Router {
  const router = express.Router()
  router.route('/v1/usage').get(authenticate, notStored, showUsage(bill)).all(methodNotAllowed('GET', 'HEAD'))
  return router
}
