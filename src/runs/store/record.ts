import { type RawBuilder, sql } from 'kysely'
import type { Usage } from '../../messages.ts'
import type { BackendJob, Claim, RunNote, StepRecord } from '../run-store.ts'
import { toStoredJson } from '../stored-json.ts'
import type { ToolRecord } from '../tool-record.ts'
import { heldBy } from './held-by.ts'
import { lostClaim } from './lost-claim.ts'
import type { StoreDb } from './store-deps.ts'

/** Once: a step that is recorded stays as it is, and is counted once. */
export async function recordStep(db: StoreDb, claim: Claim, { step, events, usage }: StepRecord): Promise<void> {
  await underClaim(db, claim, {
    written: sql`
      insert into run_steps (run_id, step, events)
      select id, ${step}::int, ${toStoredJson(events)}::json from held on conflict do nothing returning run_id as id`,
    also: sql`, done as (delete from run_jobs using held where run_id = id and step = ${step}::int)`,
    set: sql`, steps = steps + 1, usage = ${plusUsage(usage)}`,
    note: { type: 'step_finished', step, usage },
  })
}

/** Once: a call that is recorded stays as it is. */
export async function recordTool(db: StoreDb, claim: Claim, record: ToolRecord): Promise<void> {
  const { step, callId, name, result } = record
  await underClaim(db, claim, {
    written: sql`
      insert into run_tools (run_id, step, call_id, seq, record)
      select id, ${step}::int, ${callId}, last_seq + 1, ${toStoredJson(record)}::json from held
      on conflict do nothing returning run_id as id`,
    note: {
      type: 'tool_finished',
      step,
      callId,
      name,
      ok: result.ok,
      summary: result.ok ? result.summary : result.reason,
    },
  })
}

/** The last one counts: a backend that failed may have been followed by another. */
export async function recordJob(db: StoreDb, claim: Claim, step: number, job: BackendJob): Promise<void> {
  const { rows } = await sql`
    with held as (select id, model from runs where ${heldBy(claim)} for no key update)
    insert into run_jobs (run_id, step, model, job)
    select id, ${step}::int, model, ${toStoredJson(job)}::json from held
    on conflict (run_id, step) do update set job = excluded.job
    returning run_id`.execute(db)
  if (rows.length === 0) throw lostClaim(claim)
}

/**
 * Locks the run, so that no other claim comes between, and writes what was not written before.
 * @param change.written - inserts from `held`, and returns the id of the run where it did.
 * @param change.set - of the run's row, and `note` its news, where it did.
 * @throws {@link LostClaimError}
 */
async function underClaim(
  db: StoreDb,
  claim: Claim,
  change: { written: RawBuilder<unknown>; also?: RawBuilder<unknown>; set?: RawBuilder<unknown>; note: RunNote },
): Promise<void> {
  const { rows } = await sql`
    with held as (select id, last_seq from runs where ${heldBy(claim)} for no key update),
    written as (${change.written})${change.also ?? NOTHING},
    changed as (
      update runs set last_seq = last_seq + 1${change.set ?? NOTHING} from written where runs.id = written.id
      returning runs.id, runs.last_seq
    ), noted as (
      insert into run_events (run_id, seq, note) select id, last_seq, ${toStoredJson(change.note)}::json from changed
    )
    select from held`.execute(db)
  if (rows.length === 0) throw lostClaim(claim)
}

/** The sum with what the row has; `addUsage` of the store. */
function plusUsage(usage: Usage): RawBuilder<string> {
  const parts = USAGE_FIELDS.map(
    (field) => sql`${sql.lit(field)}, coalesce((usage->>${sql.lit(field)})::int, 0) + ${usage[field] ?? 0}::int`,
  )
  return sql`json_build_object(${sql.join(parts)})`
}

const NOTHING = sql``
const USAGE_FIELDS = ['promptTokens', 'completionTokens', 'cachedTokens', 'reasoningTokens'] as const
