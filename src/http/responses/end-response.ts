import type { RequestHandler } from 'express'
import { BadRequestError } from '../../errors.ts'
import { getKept, refuseUnknown } from './kept-responses.ts'
import { idOf, type KeptResponseDeps } from './show-response.ts'

/** `POST /v1/responses/{id}/cancel`: stops a run in the background. Asking again changes nothing. */
export function cancelResponse({ keep, background }: KeptResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = res.locals.note.caller ?? ''
    const run = background.find(caller, id)
    await run?.cancel()
    const response = run?.response() ?? (await getKept(keep, caller, id)).response
    if (!response.background) {
      throw new BadRequestError('Cannot cancel a synchronous response.', { param: 'response_id' })
    }
    res.json(response)
  }
}

/** `DELETE /v1/responses/{id}`: forgets it, and stops it where it still runs. */
export function deleteResponse({ keep, background }: KeptResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = res.locals.note.caller ?? ''
    await background.find(caller, id)?.cancel()
    if (!(await keep.delete(caller, id))) refuseUnknown(id)
    res.json({ id, object: 'response', deleted: true })
  }
}
