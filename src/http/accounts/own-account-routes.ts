import express, { type RequestHandler, type Router } from 'express'
import type { BillDesk } from '../../accounts/usage/create-bill-desk.ts'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { listEntries } from './list-entries.ts'
import { listHolds } from './list-holds.ts'
import { notStored } from './not-stored.ts'
import { showAccount } from './show-account.ts'
import type { TopUpWays } from './top-up-ways.ts'

export type OwnAccountRoutesDeps = {
  bill: BillDesk
  authenticate: RequestHandler
  /** No balance is touched. */
  freeMode: boolean
  topUpWays: TopUpWays
}

/** What a caller has, and what it was charged for. */
export function ownAccountRoutes({ bill, authenticate, freeMode, topUpWays }: OwnAccountRoutesDeps): Router {
  const readOnly = methodNotAllowed('GET', 'HEAD')
  const asks = [authenticate, notStored]
  const router = express.Router()
  router.route('/v1/account').get(asks, showAccount({ bill, freeMode, topUpWays })).all(readOnly)
  router.route('/v1/account/entries').get(asks, listEntries(bill)).all(readOnly)
  router.route('/v1/account/holds').get(asks, listHolds(bill)).all(readOnly)
  return router
}
