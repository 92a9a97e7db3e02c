import type { RequestHandler } from 'express'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { requireAccount } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { toWireAuditEntry } from '../wire-audit-entry.ts'
import { toWirePage } from '../wire-page.ts'
import { PageQuery } from './org-fields.ts'
import { orgOf } from './org-of.ts'

/** `GET /v1/orgs/{org}/audit`: newest first. Where the operator has done it from is not for members. */
export function listOrgAudit(orgs: Pick<OrgDesk, 'seat' | 'audit'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireAccount(res))
    const page = parseRequest(PageQuery, req.query)
    res.json(
      toWirePage(await orgs.audit(order, page), page, (entry) =>
        toWireAuditEntry(entry.actor === 'admin' ? { ...entry, ip: null } : entry),
      ),
    )
  }
}
