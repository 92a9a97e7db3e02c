import type { RunRecord, RunState } from '../../runs/run-record.ts'
import { toSeconds } from '../../to-seconds.ts'
import type { ChatEnvelope } from '../chat/chat-envelope.ts'
import { toWireUsage } from '../chat/chat-reply.ts'
import { toResponseEnvelope } from '../responses/response-envelope.ts'
import { toRunResult } from './run-result.ts'

/** `run`, as the routes on runs answer it. Times are Unix seconds. */
export type WireRun = WireRunRow & {
  /** What the route that took the run would have answered; null until it has, and where there is no answer. */
  result: object | null
}

/** A run as a list has it. */
export type WireRunRow = {
  id: string
  object: 'run'
  status: RunState
  /** That was asked for; the `model` of the result is the one that answered. */
  model: string
  created_at: number
  started_at: number | null
  ended_at: number | null
  /** When it is given up, unless something happens first; null once it has ended. */
  expires_at: number | null
  steps: number
  /** Null before the first step is done. */
  usage: ReturnType<typeof toWireUsage> | null
  error: { message: string; type: string; param: string | null; code: string | null } | null
  metadata: Readonly<Record<string, string>>
}

export async function toWireRun(run: RunRecord): Promise<WireRun> {
  return { ...toWireRunRow(run), result: await toRunResult(run) }
}

export function toWireRunRow(run: RunRecord): WireRunRow {
  const { id, state, model, createdAtMs, startedAtMs, endedAtMs, deadlineMs, steps, usage, outcome } = run
  return {
    id,
    object: 'run',
    status: state,
    model,
    created_at: toSeconds(createdAtMs),
    started_at: toSeconds(startedAtMs),
    ended_at: toSeconds(endedAtMs),
    expires_at: endedAtMs === null ? toSeconds(deadlineMs) : null,
    steps,
    usage: steps === 0 ? null : toWireUsage(usage),
    error: outcome !== null && 'error' in outcome ? toWireError(outcome.error) : null,
    metadata: metadataOf(run),
  }
}

function toWireError({ message, type, param, code }: NonNullable<WireRunRow['error']>): WireRunRow['error'] {
  return { message, type, param, code }
}

function metadataOf({ envelope }: RunRecord): Readonly<Record<string, string>> {
  const response = toResponseEnvelope(envelope)
  return response?.start.metadata ?? (envelope as Partial<ChatEnvelope> | null)?.metadata ?? {}
}
