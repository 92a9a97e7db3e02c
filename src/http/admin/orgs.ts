import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import { toCreditText } from '../../accounts/credits.ts'
import type { Org } from '../../accounts/orgs/org.ts'
import { PAGE_FIELDS, plainText } from '../account-fields.ts'
import { NewOrg } from '../orgs/org-fields.ts'
import { toWireMember } from '../orgs/wire-org.ts'
import { parseRequest } from '../parse-request.ts'
import { toSeconds } from '../to-seconds.ts'
import { expectPage, toWirePage } from '../wire-page.ts'
import { adminOf } from './require-admin.ts'

/** `GET /admin/orgs`: all there are, the latest first. */
export function listOrgs(desk: Pick<AdminDesk, 'listOrgs'>): RequestHandler {
  return async (req, res) => {
    const page = parseRequest(PageQuery, req.query)
    const paged = expectPage(await desk.listOrgs(page), page.after)
    res.json(toWirePage(paged, toWireAdminOrg))
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
    const paged = expectPage(await desk.listMembers(String(req.params.id), page), page.after)
    res.json(toWirePage(paged, toWireMember))
  }
}

export const NewAdminOrg = NewOrg.extend({ owner: plainText(64) })
const PageQuery = z.strictObject(PAGE_FIELDS)

/** An org as operators see it: they have no role in it. */
export type WireAdminOrg = {
  id: string
  object: 'org'
  slug: string
  name: string
  balance: string
  held: string
  available: string
  created_at: number
}

export function toWireAdminOrg({ id, slug, name, balance, held, createdAtMs }: Org): WireAdminOrg {
  return {
    id,
    object: 'org',
    slug,
    name,
    balance: toCreditText(balance),
    held: toCreditText(held),
    available: toCreditText(balance - held),
    created_at: toSeconds(createdAtMs),
  }
}
