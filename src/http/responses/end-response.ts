import type { RequestHandler } from 'express'
import { BadRequestError } from '../../errors.ts'
import { callerOf } from '../auth.ts'
import { findInBackground, getResponse, idOf, type KeptResponseDeps, refuseUnknown } from './kept-responses.ts'
import { toRunId } from './response-object.ts'

/** `POST /v1/responses/{id}/cancel`: stops a run in the background. Asking again changes nothing. */
export function cancelResponse(deps: KeptResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const found = await findInBackground(deps.runs, caller, id)
    if (found !== undefined) await deps.runs.cancel(caller, found.run.id)
    const { response } = await getResponse(deps, caller, id)
    if (!response.background) {
      throw new BadRequestError('Cannot cancel a synchronous response.', { param: 'id' })
    }
    res.json(response)
  }
}

/** `DELETE /v1/responses/{id}`: forgets it, with its run where that is kept, and stops it where it still runs. */
export function deleteResponse({ keep, runs }: KeptResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const found = await findInBackground(runs, caller, id)
    if (found !== undefined) await runs.cancel(caller, found.run.id)
    else if (!(await keep.delete(caller, id))) refuseUnknown(id)
    const runId = toRunId(id)
    if (runId !== undefined) await runs.forget(caller, runId)
    res.json({ id, object: 'response', deleted: true })
  }
}
