import type { RequestHandler } from 'express'
import { z } from 'zod'
import type { KeyDesk } from '../../accounts/keys/create-key-desk.ts'
import { isAtLeast } from '../../accounts/orgs/roles.ts'
import { PAGE_FIELDS, plainText } from '../account-fields.ts'
import { requireAccount } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { expectPage, toWirePage } from '../wire-page.ts'
import { toWireKey } from './wire-key.ts'

/** `GET /v1/keys`: the caller's own, or with `org` those of an org: all of them where the caller administers it. */
export function listKeys(keys: Pick<KeyDesk, 'list' | 'requireMember'>): RequestHandler {
  return async (req, res) => {
    const { account } = requireAccount(res)
    const { org, ...page } = parseRequest(ListQuery, req.query)
    const seat = org === undefined ? undefined : await keys.requireMember(org, account, 'viewer')
    const seesAll = seat !== undefined && isAtLeast(seat.role, 'admin')
    const listed = await keys.list({ ...page, orgId: seat?.id, account: seesAll ? undefined : account })
    const { keys: rows, hasMore } = expectPage(listed, page.after)
    res.json(toWirePage(rows.map(toWireKey), hasMore))
  }
}

const ListQuery = z.object({ ...PAGE_FIELDS, org: plainText(64).optional() })
