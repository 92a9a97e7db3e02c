import type { RequestHandler } from 'express'
import type { RunDesk } from '../../runs/run-store.ts'
import { callerOf } from '../auth.ts'
import { expectRun, idOf } from './expect-run.ts'
import { toWireRun } from './wire-run.ts'

/** `GET /v1/runs/{id}`: the run as it stands. */
export function showRun({ runs }: { runs: Pick<RunDesk, 'find'> }): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const run = expectRun(res, id, await runs.find(callerOf(res), id))
    res.json(await toWireRun(run))
  }
}
