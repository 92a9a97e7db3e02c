import type { RequestHandler } from 'express'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { actorOf } from '../actor-of.ts'
import { requireAccount, requireManage } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { CloseQuery, OrgPatch } from './org-fields.ts'
import { orgOf } from './org-of.ts'
import { toWireOrg } from './wire-org.ts'

/** `GET /v1/orgs/{org}` */
export function showOrg(orgs: Pick<OrgDesk, 'seat' | 'find'>): RequestHandler {
  return async (req, res) => {
    res.json(toWireOrg(await orgs.find(await orgOf(orgs, req, requireAccount(res)))))
  }
}

/** `PATCH /v1/orgs/{org}` */
export function renameOrg(orgs: Pick<OrgDesk, 'seat' | 'find' | 'rename'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireManage(res))
    await orgs.rename({ ...order, ...parseRequest(OrgPatch, req.body) }, actorOf(req, res))
    res.json(toWireOrg(await orgs.find(order)))
  }
}

/** `DELETE /v1/orgs/{org}`: closes it. */
export function closeOrg(orgs: Pick<OrgDesk, 'seat' | 'close'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireManage(res))
    const { move_to: moveTo } = parseRequest(CloseQuery, req.query)
    const { id } = await orgs.close({ ...order, moveTo }, actorOf(req, res))
    res.json({ id, object: 'org', deleted: true })
  }
}
