import express, { type RequestHandler, type Router } from 'express'
import type { SignIn } from '../../accounts/sign-in/create-sign-in.ts'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { jsonBody } from '../transport/json-body.ts'
import { issueNonce } from './issue-nonce.ts'
import { endSession, showSession } from './session.ts'
import { verifyMessage } from './verify-message.ts'
import { writeMessage } from './write-message.ts'

export type SignInRoutesDeps = { signIn: SignIn; authenticate: RequestHandler }

/** How a wallet signs in, by EIP-4361. */
export function signInRoutes({ authenticate, ...deps }: SignInRoutesDeps): Router {
  const router = express.Router()
  router.use('/auth/siwe', neverStored)
  router
    .route('/auth/siwe/nonce')
    .get(issueNonce(deps))
    .post(issueNonce(deps))
    .all(methodNotAllowed('POST', 'GET', 'HEAD'))
  router.route('/auth/siwe/message').post(jsonBody(BODY_BYTES), writeMessage(deps)).all(methodNotAllowed('POST'))
  router.route('/auth/siwe/verify').post(jsonBody(BODY_BYTES), verifyMessage(deps)).all(methodNotAllowed('POST'))
  router
    .route('/auth/siwe/session')
    .get(authenticate, showSession(deps))
    .delete(authenticate, endSession(deps))
    .all(methodNotAllowed('GET', 'HEAD', 'DELETE'))
  return router
}

/** More than the longest message and signature. */
const BODY_BYTES = 32_768

const neverStored: RequestHandler = (_req, res, next) => {
  res.setHeader('cache-control', 'no-store')
  next()
}
