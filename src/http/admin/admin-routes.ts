import express, { type Router } from 'express'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { jsonBody } from '../transport/json-body.ts'
import { correctCredits, createAccount, grantCredits, listAccounts, showAccount } from './accounts.ts'
import { createKey, listKeys, revokeKey, rotateKey, showKey, updateKey } from './keys.ts'
import { listAudit } from './list-audit.ts'
import { createOrg, listMembers, listOrgs } from './orgs.ts'
import { requireAdmin } from './require-admin.ts'
import { showUsage } from './usage.ts'
import { verifyLedger } from './verify-ledger.ts'
import { createVoucher, listVouchers, revokeVoucher } from './vouchers.ts'

export type AdminRoutesDeps = {
  /** Undefined: there are no such routes. */
  adminKey: string | undefined
  desk: AdminDesk
  bodyLimitBytes: number
}

/** What operators do over HTTP. */
export function adminRoutes({ adminKey, desk, bodyLimitBytes }: AdminRoutesDeps): Router {
  const router = express.Router()
  if (adminKey === undefined) return router
  const isAdmin = requireAdmin(adminKey)
  const takes = [isAdmin, jsonBody(bodyLimitBytes)]
  const readOnly = methodNotAllowed('GET', 'HEAD')
  const postOnly = methodNotAllowed('POST')
  const listed = methodNotAllowed('GET', 'HEAD', 'POST')
  router.route('/admin/accounts').get(isAdmin, listAccounts(desk)).post(takes, createAccount(desk)).all(listed)
  router.route('/admin/accounts/:id').get(isAdmin, showAccount(desk)).all(readOnly)
  router.route('/admin/accounts/:id/grants').post(takes, grantCredits(desk)).all(postOnly)
  router.route('/admin/accounts/:id/corrections').post(takes, correctCredits(desk)).all(postOnly)
  router.route('/admin/keys').get(isAdmin, listKeys(desk)).post(takes, createKey(desk)).all(listed)
  router
    .route('/admin/keys/:id')
    .get(isAdmin, showKey(desk))
    .patch(takes, updateKey(desk))
    .delete(isAdmin, revokeKey(desk))
    .all(methodNotAllowed('GET', 'HEAD', 'PATCH', 'DELETE'))
  router.route('/admin/keys/:id/rotate').post(takes, rotateKey(desk)).all(postOnly)
  router.route('/admin/vouchers').get(isAdmin, listVouchers(desk)).post(takes, createVoucher(desk)).all(listed)
  router.route('/admin/vouchers/:id').delete(isAdmin, revokeVoucher(desk)).all(methodNotAllowed('DELETE'))
  router.route('/admin/orgs').get(isAdmin, listOrgs(desk)).post(takes, createOrg(desk)).all(listed)
  router.route('/admin/orgs/:id/members').get(isAdmin, listMembers(desk)).all(readOnly)
  router.route('/admin/audit').get(isAdmin, listAudit(desk)).all(readOnly)
  router.route('/admin/usage').get(isAdmin, showUsage(desk)).all(readOnly)
  router.route('/admin/ledger/verify').get(isAdmin, verifyLedger(desk)).all(readOnly)
  return router
}
