import type { Request, Response } from 'express'
import { GatewayError } from '../../errors.ts'
import type { RunRecord } from '../../runs/run-record.ts'
import { toShown } from '../parse-request.ts'
import { announceRun } from '../run-route.ts'

/** The run that `/v1/runs/{id}` names. */
export const idOf = (req: Request): string => String(req.params.id)

/**
 * The run that was found, named in the head of the reply and in the log.
 * @throws {@link GatewayError} 404 where the caller has none of that id: another's, or none at all.
 */
export function expectRun(res: Response, id: string, run: RunRecord | undefined): RunRecord {
  if (run === undefined) throw runNotFound(id)
  announceRun(res, run)
  return run
}

export function runNotFound(id: string): GatewayError {
  return new GatewayError(`Run with id '${toShown(id)}' not found.`, { status: 404, code: null, param: 'id' })
}
