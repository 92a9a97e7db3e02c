import type { RequestHandler } from 'express'
import { BadRequestError } from '../../errors.ts'
import { callerOf } from '../auth.ts'
import { getKept, idOf, type KeptResponseDeps, refuseUnknown } from './kept-responses.ts'

/** `POST /v1/responses/{id}/cancel`: stops a run in the background. Asking again changes nothing. */
export function cancelResponse({ keep, background }: KeptResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const run = background.find(caller, id)
    await run?.cancel()
    const response = run?.response() ?? (await getKept(keep, caller, id)).response
    if (!response.background) {
      throw new BadRequestError('Cannot cancel a synchronous response.', { param: 'id' })
    }
    res.json(response)
  }
}

/** `DELETE /v1/responses/{id}`: forgets it, and stops it where it still runs. */
export function deleteResponse({ keep, background }: KeptResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    await background.find(caller, id)?.cancel()
    if (!(await keep.delete(caller, id))) refuseUnknown(id)
    res.json({ id, object: 'response', deleted: true })
  }
}
