import type { RequestHandler } from 'express'
import type { BillDesk } from '../../accounts/usage/create-bill-desk.ts'
import { requireAccount } from '../auth.ts'
import { OrgPageQuery } from '../org-page-query.ts'
import { parseRequest } from '../parse-request.ts'
import { seatIn } from '../seat-in.ts'
import { toWirePage } from '../wire-page.ts'
import { toWireHold } from './wire-hold.ts'

/** `GET /v1/account/holds`: what is held for runs that have not ended. Of an org, its members see what is held for theirs. */
export function listHolds(bill: Pick<BillDesk, 'holds' | 'seat'>): RequestHandler {
  return async (req, res) => {
    const identity = requireAccount(res)
    const { org, ...page } = parseRequest(OrgPageQuery, req.query)
    const seat = org === undefined ? undefined : await seatIn(bill, org, { identity, least: 'viewer' })
    const caller = seat?.role === 'member' ? identity.account : undefined
    const listed = await bill.holds({ account: seat?.id ?? identity.account, caller }, page)
    res.json(toWirePage(listed, page, toWireHold))
  }
}
