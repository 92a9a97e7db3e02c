import { sql } from 'kysely'
import type { BackendJob, OrphanedJob } from '../run-store.ts'
import { fromStoredJson } from '../stored-json.ts'
import type { RunStoreLimits, StoreDb } from './store-deps.ts'
import { afterMs, agoMs, LEASE_MS, NOW } from './times.ts'

/** Whoever cancels one has so long to say how that went; then it is due again. */
const CANCELLING_MS = 20_000

/** A try counts from here on, as whoever makes it may die before it can tell. */
export async function orphanedJobs(
  db: StoreDb,
  { leaseMs = LEASE_MS }: Pick<RunStoreLimits, 'leaseMs'>,
  limit: number,
): Promise<readonly OrphanedJob[]> {
  const { rows } = await sql<Omit<OrphanedJob, 'job'> & { job: string }>`
    with due as (
      select run_id as due_id, step as due_step from run_jobs
      where (try_at is null or try_at <= ${NOW})
        and not exists (select from runs where id = run_id and (ended_at is null or ended_at > ${agoMs(leaseMs)}))
      order by try_at nulls first limit ${limit} for no key update skip locked
    )
    update run_jobs set try_at = ${afterMs(CANCELLING_MS)}, tries = tries + 1 from due
    where run_id = due_id and step = due_step
    returning run_id as "runId", step, model, job::text as job, tries - 1 as tries`.execute(db)
  return rows.map((row) => ({ ...row, job: fromStoredJson<BackendJob>(row.job) }))
}

export async function forgetJob(db: StoreDb, { runId, step }: Pick<OrphanedJob, 'runId' | 'step'>): Promise<void> {
  await sql`delete from run_jobs where run_id = ${runId} and step = ${step}::int`.execute(db)
}
