import express, { type RequestHandler, type Router } from 'express'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { jsonBody } from '../transport/json-body.ts'
import { acceptInvitation, createInvitation, listInvitations, revokeInvitation } from './invitations.ts'
import { changeMember, listMembers, removeMember } from './members.ts'
import { closeOrg, renameOrg, showOrg } from './one-org.ts'
import { listOrgAudit } from './org-audit.ts'
import { moveOrgCredits } from './org-credits.ts'
import { createOrg, listOrgs } from './own-orgs.ts'

export type OrgRoutesDeps = { orgs: OrgDesk; authenticate: RequestHandler; bodyLimitBytes: number }

/** Orgs, for their members: to all others there are none. */
export function orgRoutes({ orgs, authenticate, bodyLimitBytes }: OrgRoutesDeps): Router {
  const takes = [authenticate, jsonBody(bodyLimitBytes)]
  const readOnly = methodNotAllowed('GET', 'HEAD')
  const postOnly = methodNotAllowed('POST')
  const listed = methodNotAllowed('GET', 'HEAD', 'POST')
  const router = express.Router()
  router.route('/v1/orgs').get(authenticate, listOrgs(orgs)).post(takes, createOrg(orgs)).all(listed)
  router.route('/v1/orgs/invitations/accept').post(takes, acceptInvitation(orgs)).all(postOnly)
  router
    .route('/v1/orgs/:org')
    .get(authenticate, showOrg(orgs))
    .patch(takes, renameOrg(orgs))
    .delete(authenticate, closeOrg(orgs))
    .all(methodNotAllowed('GET', 'HEAD', 'PATCH', 'DELETE'))
  router.route('/v1/orgs/:org/members').get(authenticate, listMembers(orgs)).all(readOnly)
  router
    .route('/v1/orgs/:org/members/:account')
    .patch(takes, changeMember(orgs))
    .delete(authenticate, removeMember(orgs))
    .all(methodNotAllowed('PATCH', 'DELETE'))
  router
    .route('/v1/orgs/:org/invitations')
    .get(authenticate, listInvitations(orgs))
    .post(takes, createInvitation(orgs))
    .all(listed)
  router
    .route('/v1/orgs/:org/invitations/:id')
    .delete(authenticate, revokeInvitation(orgs))
    .all(methodNotAllowed('DELETE'))
  router.route('/v1/orgs/:org/credits').post(takes, moveOrgCredits(orgs)).all(postOnly)
  router.route('/v1/orgs/:org/audit').get(authenticate, listOrgAudit(orgs)).all(readOnly)
  return router
}
