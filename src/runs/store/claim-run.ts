import { sql } from 'kysely'
import type { ModelEvent } from '../../models/model.ts'
import type { BackendJob, ClaimedRun } from '../run-store.ts'
import { fromStoredJson } from '../stored-json.ts'
import type { ToolRecord } from '../tool-record.ts'
import { isRunId, RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import type { RunStoreLimits, StoreDb } from './store-deps.ts'
import { afterMs, LEASE_MS, NOW } from './times.ts'

/** A run that was taken so often and not brought to its end may be what kills workers. */
export const MAX_ATTEMPTS = 5

type ClaimedRow = RunRow & { fence: number; remainingMs: number }

export async function claimRun(
  db: StoreDb,
  { leaseMs = LEASE_MS }: Pick<RunStoreLimits, 'leaseMs'>,
  id: string,
  worker: string,
): Promise<ClaimedRun | undefined> {
  if (!isRunId(id)) return undefined
  const askedAtMs = performance.now()
  const { rows } = await sql<ClaimedRow>`
    with claimed as (
      update runs set
        state = 'running', fence = fence + 1, attempts = attempts + 1, worker = ${worker}, last_seq = last_seq + 1,
        lease_until = ${afterMs(leaseMs)}, started_at = coalesce(started_at, ${NOW}),
        deadline = case when started_at is null then ${afterMs(sql`run_timeout_ms`)} else deadline end
      where id = ${id} and attempts < ${MAX_ATTEMPTS}
        and (state = 'queued' and deadline > ${NOW} or state = 'running' and lease_until < ${NOW})
      returning *
    ), noted as (
      insert into run_events (run_id, seq, note)
      select id, last_seq, json_build_object('type', 'started', 'attempt', attempts) from claimed
    )
    select ${RUN_COLUMNS}, fence,
      floor(greatest(0, extract(epoch from deadline - ${NOW}) * 1000))::float8 as "remainingMs"
    from claimed`.execute(db)
  const [row] = rows
  if (row === undefined) return undefined
  const { fence, remainingMs } = row
  // Nobody had it before: there is nothing to read. Else it is read only now, as the claim may have waited for a last write.
  const recorded = fence === 1 ? NOTHING_RECORDED : await readRecorded(db, id)
  return { runId: id, fence, run: toRunRecord(row), askedAtMs, remainingMs, ...recorded }
}

type Recorded = Pick<ClaimedRun, 'steps' | 'tools' | 'jobs'>

/** Of a run that nobody has worked on. */
export const NOTHING_RECORDED: Recorded = { steps: new Map(), tools: [], jobs: new Map() }

async function readRecorded(db: StoreDb, id: string): Promise<Recorded> {
  const { rows } = await sql<{ kind: 'step' | 'tool' | 'job'; step: number; value: string }>`
    select 'step' as kind, step, step as place, events::text as value from run_steps where run_id = ${id}
    union all select 'tool', step, seq, record::text from run_tools where run_id = ${id}
    union all select 'job', step, step, job::text from run_jobs where run_id = ${id}
    order by place`.execute(db)
  const of = <Value>(kind: (typeof rows)[number]['kind']) =>
    rows.filter((row) => row.kind === kind).map(({ step, value }) => [step, fromStoredJson<Value>(value)] as const)
  return {
    steps: new Map(of<readonly ModelEvent[]>('step')),
    tools: of<ToolRecord>('tool').map(([, record]) => record),
    jobs: new Map(of<BackendJob>('job')),
  }
}
