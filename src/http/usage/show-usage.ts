import type { Request, RequestHandler, Response } from 'express'
import type { BillDesk } from '../../accounts/usage/create-bill-desk.ts'
import type { UsageFilter } from '../../accounts/usage/usage-totals.ts'
import { BadRequestError } from '../../errors.ts'
import { identityOf, requireAccount } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { seatIn } from '../seat-in.ts'
import { toUsageCsv } from './usage-csv.ts'
import { UsageQuery } from './usage-query.ts'
import { toWireUsage } from './wire-usage.ts'

/** `GET /v1/usage`: the caller's own, or with `org` that of an org, of which its members see their own. */
export function showUsage(bill: Pick<BillDesk, 'usage' | 'seat'>): RequestHandler {
  return async (req, res) => {
    const { from, to, group_by: groupBy, org, format } = parseRequest(UsageQuery, req.query)
    const filter = org === undefined ? { caller: identityOf(res).caller } : await orgRuns(bill, org, res)
    const totals = await bill.usage({ from, to, groupBy, filter, limit: MOST_ROWS })
    if (totals.hasMore) throw tooManyRows()
    res.vary('accept')
    if (!wantsCsv(req, format)) {
      res.json(toWireUsage(totals, { groupBy, orgId: filter.orgId }))
      return
    }
    res.attachment(`usage-${totals.from}-${totals.to}.csv`)
    res.type('text/csv; charset=utf-8; header=present').send(toUsageCsv(totals, groupBy))
  }
}

const MOST_ROWS = 10_000

async function orgRuns(bill: Pick<BillDesk, 'seat'>, org: string, res: Response): Promise<UsageFilter> {
  const identity = requireAccount(res)
  const { id, role } = await seatIn(bill, org, { identity, least: 'viewer' })
  return { orgId: id, ...(role === 'member' && { caller: identity.caller }) }
}

function wantsCsv(req: Request, format: 'json' | 'csv' | undefined): boolean {
  return format === undefined ? req.accepts(['json', 'csv']) === 'csv' : format === 'csv'
}

function tooManyRows(): BadRequestError {
  return new BadRequestError(`This usage has more than ${MOST_ROWS} rows. Ask for fewer days, or group by less.`, {
    param: 'group_by',
    code: 'too_many_rows',
  })
}
