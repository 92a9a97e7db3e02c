import type { RequestHandler } from 'express'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { actorOf } from '../actor-of.ts'
import { requireAccount, requireManage } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { toWirePage } from '../wire-page.ts'
import { Acceptance, NewInvitation, PageQuery } from './org-fields.ts'
import { orgOf, refuseConfined } from './org-of.ts'
import { toWireInvitation, toWireOrg } from './wire-org.ts'

/** `GET /v1/orgs/{org}/invitations`: the latest first, those that have ended too. */
export function listInvitations(orgs: Pick<OrgDesk, 'seat' | 'invitations'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireAccount(res))
    const page = parseRequest(PageQuery, req.query)
    res.json(toWirePage(await orgs.invitations(order, page), page, toWireInvitation))
  }
}

/** `POST /v1/orgs/{org}/invitations`: the one reply that has the token. */
export function createInvitation(orgs: Pick<OrgDesk, 'seat' | 'invite'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireManage(res))
    const { role, wallet, expires_in: ttlSec, ...ceilings } = parseRequest(NewInvitation, req.body)
    const { credits_per_day: creditsPerDay = null, credits_per_month: creditsPerMonth = null } = ceilings
    const { invitation, token } = await orgs.invite(
      { ...order, role, wallet: wallet ?? undefined, creditsPerDay, creditsPerMonth, ttlSec },
      actorOf(req, res),
    )
    res.setHeader('cache-control', 'no-store')
    res.json({ ...toWireInvitation(invitation), token })
  }
}

/** `DELETE /v1/orgs/{org}/invitations/{id}`: one that has ended stays as it is. */
export function revokeInvitation(orgs: Pick<OrgDesk, 'seat' | 'revokeInvitation'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireManage(res))
    const invitation = await orgs.revokeInvitation({ ...order, id: String(req.params.id) }, actorOf(req, res))
    res.json(toWireInvitation(invitation))
  }
}

/** `POST /v1/orgs/invitations/accept`: the org, as its new member sees it. */
export function acceptInvitation(orgs: Pick<OrgDesk, 'accept' | 'find'>): RequestHandler {
  return async (req, res) => {
    const identity = requireManage(res)
    refuseConfined(identity)
    const { account } = identity
    const { token } = parseRequest(Acceptance, req.body)
    const { orgId } = await orgs.accept({ token, account }, actorOf(req, res))
    res.json(toWireOrg(await orgs.find({ org: orgId, by: account })))
  }
}
