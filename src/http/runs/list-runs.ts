import type { RequestHandler } from 'express'
import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import { RUN_STATES } from '../../runs/run-record.ts'
import type { RunDesk } from '../../runs/run-store.ts'
import { callerOf } from '../auth.ts'
import { queryInteger } from '../integer.ts'
import { parseRequest, toShown } from '../parse-request.ts'
import { toWirePage } from '../wire-page.ts'
import { toWireRunRow } from './wire-run.ts'

/** `GET /v1/runs`: the caller's own, the latest first, without their results. */
export function listRuns({ runs }: { runs: Pick<RunDesk, 'list'> }): RequestHandler {
  return async (req, res) => {
    const { limit, after, status } = parseRequest(ListQuery, req.query)
    const page = await runs.list(callerOf(res), { limit, after, ...(status !== undefined && { states: [status] }) })
    if (page === undefined) {
      throw new BadRequestError(`Run with id '${toShown(after)}' not found.`, { param: 'after', code: 'invalid_value' })
    }
    res.json(toWirePage({ rows: page.runs, hasMore: page.hasMore }, { after }, toWireRunRow))
  }
}

const ListQuery = z.object({
  limit: queryInteger(1, 100).default(20),
  after: z.string().max(256).optional(),
  status: z.enum(RUN_STATES).optional(),
})
