import express, { type RequestHandler, type Router } from 'express'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { jsonBody } from '../transport/json-body.ts'
import { type RedeemDeps, redeemVoucher } from './redeem-voucher.ts'

export type VoucherRoutesDeps = RedeemDeps & { authenticate: RequestHandler }

export function voucherRoutes({ authenticate, ...deps }: VoucherRoutesDeps): Router {
  const router = express.Router()
  router
    .route('/v1/account/vouchers')
    .post(authenticate, jsonBody(BODY_BYTES), redeemVoucher(deps))
    .all(methodNotAllowed('POST'))
  return router
}

const BODY_BYTES = 4_096
