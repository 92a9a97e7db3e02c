import type { RequestHandler } from 'express'
import { conflict } from '../../errors.ts'
import type { RunDesk } from '../../runs/run-store.ts'
import { callerOf } from '../auth.ts'
import { expectRun, idOf } from './expect-run.ts'
import { toWireRun } from './wire-run.ts'

/** `POST /v1/runs/{id}/cancel`: stops it. A run that has ended stays as it is. */
export function cancelRun({ runs }: { runs: Pick<RunDesk, 'cancel'> }): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const run = expectRun(res, id, await runs.cancel(callerOf(res), id))
    res.json(await toWireRun(run))
  }
}

/** `DELETE /v1/runs/{id}`: forgets it, with its result and a webhook that has not been delivered. */
export function deleteRun({ runs }: { runs: Pick<RunDesk, 'find' | 'forget'> }): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const run = expectRun(res, id, await runs.find(caller, id))
    if (run.outcome === null) {
      throw conflict('run_not_ended', `The run is still ${run.state}. Cancel it first.`)
    }
    await runs.forget(caller, id)
    res.json({ id, object: 'run', deleted: true })
  }
}
