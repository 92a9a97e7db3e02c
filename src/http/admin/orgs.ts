import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import type { Org } from '../../accounts/orgs/org.ts'
import { toSeconds } from '../../to-seconds.ts'
import { PAGE_FIELDS, plainText } from '../account-fields.ts'
import { NewOrg } from '../orgs/org-fields.ts'
import { toWireMember } from '../orgs/wire-org.ts'
import { parseRequest } from '../parse-request.ts'
import { toWireBalance, type WireBalance } from '../wire-balance.ts'
import { toWirePage } from '../wire-page.ts'
import { adminOf } from './require-admin.ts'

/** `GET /admin/orgs`: all there are, the latest first. */
export function listOrgs(desk: Pick<AdminDesk, 'listOrgs'>): RequestHandler {
  return async (req, res) => {
    const page = parseRequest(PageQuery, req.query)
    res.json(toWirePage(await desk.listOrgs(page), page, toWireAdminOrg))
  }
}

/** `POST /admin/orgs`: for an owner. */
export function createOrg(desk: Pick<AdminDesk, 'createOrg'>): RequestHandler {
  return async (req, res) => {
    res.json(toWireAdminOrg(await desk.createOrg(parseRequest(NewAdminOrg, req.body), adminOf(req, res))))
  }
}

/** `GET /admin/orgs/{org}/members` */
export function listMembers(desk: Pick<AdminDesk, 'listMembers'>): RequestHandler {
  return async (req, res) => {
    const page = parseRequest(PageQuery, req.query)
    res.json(toWirePage(await desk.listMembers(String(req.params.id), page), page, toWireMember))
  }
}

export const NewAdminOrg = NewOrg.extend({ owner: plainText(64) })
const PageQuery = z.strictObject(PAGE_FIELDS)

/** An org as operators see it: they have no role in it. */
export type WireAdminOrg = WireBalance & {
  id: string
  object: 'org'
  slug: string
  name: string
  created_at: number
}

export function toWireAdminOrg({ id, slug, name, balance, held, createdAtMs }: Org): WireAdminOrg {
  return {
    id,
    object: 'org',
    slug,
    name,
    ...toWireBalance({ balance, held }),
    created_at: toSeconds(createdAtMs),
  }
}
