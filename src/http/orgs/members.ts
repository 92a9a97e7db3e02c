import type { RequestHandler } from 'express'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { actorOf } from '../actor-of.ts'
import { requireAccount, requireManage } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { toWirePage } from '../wire-page.ts'
import { MemberPatch, PageQuery, toAccountId } from './org-fields.ts'
import { orgOf } from './org-of.ts'
import { toWireMember } from './wire-org.ts'

/** `GET /v1/orgs/{org}/members`: the latest first. */
export function listMembers(orgs: Pick<OrgDesk, 'seat' | 'members'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireAccount(res))
    const query = parseRequest(PageQuery, req.query)
    const page = { ...query, ...(query.after !== undefined && { after: toAccountId(query.after) }) }
    res.json(toWirePage(await orgs.members(order, page), page, toWireMember))
  }
}

/** `PATCH /v1/orgs/{org}/members/{account}`: role and ceilings; what is not named stays. */
export function changeMember(orgs: Pick<OrgDesk, 'seat' | 'changeMember'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireManage(res))
    const {
      role,
      credits_per_day: creditsPerDay,
      credits_per_month: creditsPerMonth,
    } = parseRequest(MemberPatch, req.body)
    const change = { ...order, account: toAccountId(String(req.params.account)), role, creditsPerDay, creditsPerMonth }
    res.json(toWireMember(await orgs.changeMember(change, actorOf(req, res))))
  }
}

/** `DELETE /v1/orgs/{org}/members/{account}`: also to leave. */
export function removeMember(orgs: Pick<OrgDesk, 'seat' | 'removeMember'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireManage(res))
    const account = toAccountId(String(req.params.account))
    await orgs.removeMember({ ...order, account }, actorOf(req, res))
    res.json({ id: account, object: 'org.member', deleted: true })
  }
}
