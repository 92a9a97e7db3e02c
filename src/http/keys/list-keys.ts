import type { RequestHandler } from 'express'
import type { KeyDesk } from '../../accounts/keys/create-key-desk.ts'
import { isAtLeast } from '../../accounts/orgs/roles.ts'
import { requireAccount } from '../auth.ts'
import { OrgPageQuery } from '../org-page-query.ts'
import { parseRequest } from '../parse-request.ts'
import { seatIn } from '../seat-in.ts'
import { toWirePage } from '../wire-page.ts'
import { toWireKey } from './wire-key.ts'

/** `GET /v1/keys`: the caller's own, or with `org` those of an org: all of them where the caller administers it. */
export function listKeys(keys: Pick<KeyDesk, 'list' | 'seat'>): RequestHandler {
  return async (req, res) => {
    const identity = requireAccount(res)
    const { org, ...page } = parseRequest(OrgPageQuery, req.query)
    const seat = org === undefined ? undefined : await seatIn(keys, org, { identity, least: 'viewer' })
    const seesAll = seat !== undefined && isAtLeast(seat.role, 'admin')
    const listed = await keys.list({ ...page, orgId: seat?.id, account: seesAll ? undefined : identity.account })
    res.json(toWirePage(listed, page, toWireKey))
  }
}
