import { sql } from 'kysely'
import type { RecordOf } from '../../accounts/ledger/close-lost.ts'
import { findHold } from '../../accounts/ledger/find-hold.ts'
import { noteUsage } from '../../accounts/ledger/note-usage.ts'
import { settleHold } from '../../accounts/ledger/settle-hold.ts'
import type { Usage } from '../../messages.ts'
import { isUncharged } from '../is-uncharged.ts'
import type { RunOutcome } from '../run-record.ts'
import { fromStoredJson } from '../stored-json.ts'
import type { ToolRecord } from '../tool-record.ts'
import type { StoreDb } from './store-deps.ts'

/**
 * To be called in the transaction that ends the run: what it did is charged with it, or not at all.
 * @param options.unlessHeld - leaves an open hold to somebody who knows more.
 */
export async function settleEnded(tx: StoreDb, runId: string, { unlessHeld = false } = {}): Promise<void> {
  const hold = await findHold(tx, runId, { lock: 'wait' })
  if (hold !== undefined && unlessHeld) return
  const done = await recordOf(tx, runId)
  if (done === undefined) return
  if (hold !== undefined) await settleHold(tx, hold, done)
  else await noteUsage(tx, runId, done)
}

/** A run that its worker has completed, and that was cancelled before it could say so: with it may go all that was recorded. */
export async function settleUnheard(tx: StoreDb, runId: string, outcome: Completed): Promise<void> {
  const hold = await findHold(tx, runId, { lock: 'wait' })
  const { usage, trace, isEstimated = false } = outcome
  const done = {
    usage,
    tools: countCalls(trace.toolCalls),
    steps: trace.steps,
    outcome: 'cancelled' as const,
    isEstimated,
  }
  if (hold !== undefined) await settleHold(tx, hold, done)
}

type Completed = Extract<RunOutcome, { state: 'completed' }>
type EndedRow = { usage: string; steps: number; outcome: string | null }

/** What is recorded of a run that has ended. */
export const recordOf: RecordOf = async (tx, runId) => {
  const { rows } = await sql<EndedRow>`
    select usage::text, steps, outcome::text from runs where id = ${runId} and ended_at is not null`.execute(tx)
  const [row] = rows
  if (row?.outcome == null) return undefined
  const { steps } = row
  const outcome = fromStoredJson<RunOutcome>(row.outcome)
  const usage = fromStoredJson<Usage>(row.usage)
  if (outcome.state === 'completed') {
    const { trace, isEstimated = false } = outcome
    return { usage: outcome.usage, tools: countCalls(trace.toolCalls), steps, outcome: 'completed', isEstimated }
  }
  const isCancelled = outcome.state === 'cancelled'
  const used = isCancelled ? undefined : outcome.used
  const work = used ?? { usage, tools: await recordedCalls(tx, runId), steps, isEstimated: false }
  const done = { ...work, outcome: isCancelled ? ('cancelled' as const) : ('failed' as const) }
  const fault = { isDelivered: used !== undefined, ...(!isCancelled && { status: outcome.error.status }) }
  return { ...done, isUncharged: isUncharged(done, fault) }
}

/** Parsed here, as Postgres refuses some of the characters that tools hand on. */
async function recordedCalls(tx: StoreDb, runId: string): Promise<Record<string, number>> {
  const { rows } = await sql<{ record: string }>`
    select record::text from run_tools where run_id = ${runId}`.execute(tx)
  const records = rows.map(({ record }) => fromStoredJson<ToolRecord>(record))
  return countCalls(records.map(({ name, result: { ok } }) => ({ call: { name }, ok })))
}

/** Calls that were answered, by name: nobody pays for one that failed. */
function countCalls(calls: readonly { call: { name: string }; ok: boolean }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { call, ok } of calls) if (ok) counts[call.name] = (counts[call.name] ?? 0) + 1
  return counts
}
