import type { RequestHandler } from 'express'
import type { BillDesk } from '../../accounts/usage/create-bill-desk.ts'
import { requireAccount } from '../auth.ts'
import { OrgPageQuery } from '../org-page-query.ts'
import { parseRequest } from '../parse-request.ts'
import { seatIn } from '../seat-in.ts'
import { toWirePage } from '../wire-page.ts'
import { toWireEntry } from './wire-entry.ts'

/** `GET /v1/account/entries`: the bill, the latest first; that of an org for its owners and admins. */
export function listEntries(bill: Pick<BillDesk, 'entries' | 'seat'>): RequestHandler {
  return async (req, res) => {
    const identity = requireAccount(res)
    const { org, ...page } = parseRequest(OrgPageQuery, req.query)
    const seat = org === undefined ? undefined : await seatIn(bill, org, { identity, least: 'admin' })
    const listed = await bill.entries(seat?.id ?? identity.account, page)
    res.json(toWirePage(listed, page, toWireEntry))
  }
}
