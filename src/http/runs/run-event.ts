import type { RunRecord } from '../../runs/run-record.ts'
import type { StoredEvent } from '../../runs/run-store.ts'
import { toSeconds } from '../../to-seconds.ts'
import { toWireUsage } from '../chat/chat-reply.ts'
import { toWireRun, type WireRun } from './wire-run.ts'

/** An event of a run. `sequence_number` counts from 1; `created_at` is Unix time in seconds. */
export type WireRunEvent = { sequence_number: number; run_id: string; created_at: number } & (
  | { type: 'run.queued' }
  | { type: 'run.started'; attempt: number }
  | { type: 'run.step_finished'; step: number; usage: ReturnType<typeof toWireUsage> }
  | { type: 'run.tool_finished'; step: number; call_id: string; name: string; ok: boolean; summary: string }
  /** The last. */
  | { type: 'run.completed' | 'run.failed' | 'run.cancelled' | 'run.expired'; run: WireRun }
)

/** @param ended - the run, once it has ended. */
export async function toWireRunEvent(
  runId: string,
  event: StoredEvent,
  ended: () => Promise<RunRecord>,
): Promise<WireRunEvent> {
  const head = { sequence_number: event.seq, run_id: runId, created_at: toSeconds(event.atMs) }
  switch (event.type) {
    case 'queued':
      return { type: 'run.queued', ...head }
    case 'started':
      return { type: 'run.started', ...head, attempt: event.attempt }
    case 'step_finished':
      return { type: 'run.step_finished', ...head, step: event.step, usage: toWireUsage(event.usage) }
    case 'tool_finished': {
      const { step, callId, name, ok, summary } = event
      return { type: 'run.tool_finished', ...head, step, call_id: callId, name, ok, summary }
    }
    default:
      return { type: `run.${event.type}`, ...head, run: await toWireRun(await ended()) }
  }
}
