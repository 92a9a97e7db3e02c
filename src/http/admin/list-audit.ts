import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'
import { PAGE_FIELDS, plainText } from '../account-fields.ts'
import { parseRequest } from '../parse-request.ts'
import { toWireAuditEntry } from '../wire-audit-entry.ts'
import { toWirePage } from '../wire-page.ts'

/** `GET /admin/audit`: newest first. */
export function listAudit(desk: Pick<AdminDesk, 'listAudit'>): RequestHandler {
  return async (req, res) => {
    const page = parseRequest(AuditQuery, req.query)
    res.json(toWirePage(await desk.listAudit(page), page, toWireAuditEntry))
  }
}

const word = plainText(256).optional()
const AuditQuery = z.strictObject({ ...PAGE_FIELDS, actor: word, action: word, subject: word, org: word })
