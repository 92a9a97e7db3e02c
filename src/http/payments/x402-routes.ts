import express, { type RequestHandler, type Router } from 'express'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { jsonBody } from '../transport/json-body.ts'
import { type X402TopUpDeps, x402TopUp } from './x402-top-up.ts'

/** Prepaid credits by x402. */
export function x402Routes({ authenticate, ...deps }: X402TopUpDeps & { authenticate: RequestHandler }): Router {
  const router = express.Router()
  router
    .route('/v1/account/topups/x402')
    .post(authenticate, jsonBody(BODY_BYTES), x402TopUp(deps))
    .all(methodNotAllowed('POST'))
  return router
}

const BODY_BYTES = 4_096
