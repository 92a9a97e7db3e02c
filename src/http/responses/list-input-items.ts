import type { RequestHandler } from 'express'
import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import { callerOf } from '../auth.ts'
import { queryInteger } from '../integer.ts'
import { parseRequest, toShown } from '../parse-request.ts'
import { getResponse, idOf, type KeptResponseDeps } from './kept-responses.ts'

/** `GET /v1/responses/{id}/input_items`: the conversation before its output, the latest first unless asked otherwise. */
export function listInputItems(deps: KeptResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const { limit, order, after } = parseRequest(ListQuery, req.query)
    const { input } = await getResponse(deps, caller, id)
    const items = order === 'asc' ? input : input.toReversed()
    const start = after === undefined ? 0 : items.findIndex((item) => item.id === after) + 1
    if (after !== undefined && start === 0) {
      throw new BadRequestError(`Item with id '${toShown(after)}' not found.`, {
        param: 'after',
        code: 'invalid_value',
      })
    }
    const data = items.slice(start, start + limit)
    res.json({
      object: 'list',
      data,
      first_id: data[0]?.id ?? null,
      last_id: data.at(-1)?.id ?? null,
      has_more: start + limit < items.length,
    })
  }
}

const ListQuery = z.object({
  limit: queryInteger(1, 100).default(20),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().max(256).optional(),
})
