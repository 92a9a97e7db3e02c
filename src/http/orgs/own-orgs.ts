import type { RequestHandler } from 'express'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { actorOf } from '../actor-of.ts'
import { requireAccount, requireManage } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { toWirePage } from '../wire-page.ts'
import { NewOrg, PageQuery } from './org-fields.ts'
import { refuseConfined } from './org-of.ts'
import { toWireOrg } from './wire-org.ts'

/** `GET /v1/orgs`: those that the caller is a member of, the latest first. */
export function listOrgs(orgs: Pick<OrgDesk, 'list'>): RequestHandler {
  return async (req, res) => {
    const { account, scopes } = requireAccount(res)
    const page = parseRequest(PageQuery, req.query)
    res.json(toWirePage(await orgs.list(account, { ...page, only: scopes.orgs }), page, toWireOrg))
  }
}

/** `POST /v1/orgs`: the caller is its first owner. */
export function createOrg(orgs: Pick<OrgDesk, 'create' | 'find'>): RequestHandler {
  return async (req, res) => {
    const identity = requireManage(res)
    refuseConfined(identity)
    const { account } = identity
    const { id } = await orgs.create({ ...parseRequest(NewOrg, req.body), owner: account }, actorOf(req, res))
    res.json(toWireOrg(await orgs.find({ org: id, by: account })))
  }
}
