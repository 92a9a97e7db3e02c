import { sql } from 'kysely'
import type { RunJob } from '../run-store.ts'
import { MAX_ATTEMPTS } from './claim-run.ts'
import { lockInTransaction } from './lock.ts'
import type { RunStoreLimits, StoreDb } from './store-deps.ts'
import { agoMs, LEASE_MS, NOW } from './times.ts'

/** In leases. A job that nobody has taken for so long may be lost; adding it again does no harm. */
const WAITING_LOST = 15 / 4
/** As above, where a worker has died: somebody waits for the other. */
const RUNNING_LOST = 5 / 8

/** One process at a time, so that no caller gets more than its share. */
export function dueJobs(
  db: StoreDb,
  { runsPerCaller, leaseMs = LEASE_MS }: RunStoreLimits,
  limit: number,
): Promise<readonly RunJob[]> {
  return db.transaction().execute(async (tx) => {
    await lockInTransaction(tx, 'admit')
    await admit(tx, runsPerCaller)
    return findDue(tx, leaseMs, limit)
  })
}

/** Lets the oldest runs of each caller with a free share into the queue. */
async function admit(tx: StoreDb, runsPerCaller: number): Promise<void> {
  await sql`
    with open as (
      select id, admitted_at,
        count(admitted_at) over (partition by caller) as taken,
        row_number() over (partition by caller, admitted_at is null order by created_at, id) as place
      from runs where ended_at is null and not in_place
    )
    update runs set admitted_at = ${NOW} from open
    where runs.id = open.id and open.admitted_at is null and place + taken <= ${runsPerCaller}
      and runs.admitted_at is null and runs.ended_at is null`.execute(tx)
}

async function findDue(tx: StoreDb, leaseMs: number, limit: number): Promise<readonly RunJob[]> {
  const { rows } = await sql<Omit<RunJob, 'isAgain'> & { isAgain: boolean }>`
    with due as (
      select id as due_id, coalesce(added_at >= coalesce(lease_until, added_at), false) as again from runs
      where ended_at is null and admitted_at is not null and attempts < ${MAX_ATTEMPTS} and (
        state = 'queued' and deadline > ${NOW} and (added_at is null or added_at < ${agoMs(WAITING_LOST * leaseMs)})
        or state = 'running' and lease_until < ${NOW}
          and (added_at is null or added_at < lease_until or added_at < ${agoMs(RUNNING_LOST * leaseMs)})
      )
      order by added_at nulls first, created_at limit ${limit} for no key update skip locked
    )
    update runs set added_at = ${NOW} from due where runs.id = due_id
    returning runs.id as "runId", fence, again as "isAgain", 1 + (
      select count(*) from runs as ahead
      where ahead.caller = runs.caller and ahead.ended_at is null and ahead.admitted_at is not null
        and not ahead.in_place and (ahead.created_at, ahead.id) < (runs.created_at, runs.id)
    )::int as priority`.execute(tx)
  return rows.map(({ isAgain, ...job }) => (isAgain ? { ...job, isAgain } : job))
}
