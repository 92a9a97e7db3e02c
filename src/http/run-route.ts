import type { Response } from 'express'
import type { Models } from '../models/models.ts'
import type { OpenRun } from './open-run.ts'
import type { FindSchemaFault } from './schema-faults.ts'

/** What a route that starts runs is made with. */
export type RunRouteDeps = {
  models: Models
  /** Names no tool of a caller may take. */
  serverToolNames: readonly string[]
  findSchemaFault: FindSchemaFault
  openRun: OpenRun
  newRunId: () => string
  /** Hosts that webhooks may reach though they are not public. */
  egressAllow: readonly string[]
  /** Unix time in milliseconds. */
  now: () => number
  /** Longest silence in a stream. */
  heartbeatMs: number
}

/** Names the run in the head of its reply and in the log. */
export function announceRun(res: Response, { id, model }: { id: string; model: string }): void {
  res.locals.note.model = model
  res.locals.note.runId = id
  res.setHeader('x-groundwire-run-id', id)
}
