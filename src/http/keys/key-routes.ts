import express, { type RequestHandler, type Router } from 'express'
import type { KeyDesk } from '../../accounts/keys/create-key-desk.ts'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { jsonBody } from '../transport/json-body.ts'
import { createKey } from './create-key.ts'
import { listKeys } from './list-keys.ts'
import { revokeKey, rotateKey, showKey, updateKey } from './one-key.ts'

export type KeyRoutesDeps = {
  keys: KeyDesk
  authenticate: RequestHandler
  bodyLimitBytes: number
}

/** API keys, for those who hold them. */
export function keyRoutes({ keys, authenticate, bodyLimitBytes }: KeyRoutesDeps): Router {
  const takes = [authenticate, jsonBody(bodyLimitBytes)]
  const router = express.Router()
  router
    .route('/v1/keys')
    .get(authenticate, listKeys(keys))
    .post(takes, createKey(keys))
    .all(methodNotAllowed('GET', 'HEAD', 'POST'))
  router
    .route('/v1/keys/:id')
    .get(authenticate, showKey(keys))
    .patch(takes, updateKey(keys))
    .delete(authenticate, revokeKey(keys))
    .all(methodNotAllowed('GET', 'HEAD', 'PATCH', 'DELETE'))
  router.route('/v1/keys/:id/rotate').post(takes, rotateKey(keys)).all(methodNotAllowed('POST'))
  return router
}
