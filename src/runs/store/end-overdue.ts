import { type RawBuilder, sql } from 'kysely'
import type { EndState, RunOutcome, StoredError } from '../run-record.ts'
import { toStoredJson } from '../stored-json.ts'
import { MAX_ATTEMPTS } from './claim-run.ts'
import { endWith, NOTE_END } from './end-run.ts'
import { OVERTIME_MS } from './renew-claims.ts'
import type { StoreDb } from './store-deps.ts'
import { agoMs, NOW } from './times.ts'

const BATCH = 500

/** What a run that nobody works on ended with. The first that holds counts. */
const WAYS: readonly { when: RawBuilder<unknown>; outcome: RunOutcome }[] = [
  { when: sql`abandon_at <= ${NOW}`, outcome: { state: 'cancelled' } },
  {
    when: sql`state = 'queued' and started_at is null and deadline <= ${NOW}`,
    outcome: {
      state: 'expired',
      error: timeout('queue_timeout', 'No worker took the run in time. Please try again later.', 30),
    },
  },
  {
    when: sql`deadline <= ${NOW} and (state = 'queued' or lease_until < ${NOW} and deadline <= ${agoMs(OVERTIME_MS)})`,
    outcome: { state: 'failed', error: timeout('model_timeout', 'The run took longer than it may. Please try again.') },
  },
  {
    when: sql`attempts >= ${MAX_ATTEMPTS} and (state = 'queued' or lease_until < ${NOW})`,
    outcome: {
      state: 'failed',
      error: {
        message: `The run was started ${MAX_ATTEMPTS} times, and each time it was broken off. It is not tried again.`,
        status: 500,
        code: 'run_failed',
        type: 'server_error',
        param: null,
        details: { attempts: MAX_ATTEMPTS },
      },
    },
  },
]

function timeout(code: string, message: string, retryAfterSec?: number): StoredError {
  const retryAfter = retryAfterSec === undefined ? {} : { retryAfterSec }
  return { message, status: 504, code, type: 'timeout_error', param: null, details: {}, ...retryAfter }
}

/** What others have locked is theirs to end, or is found the next time. */
export async function endOverdue(db: StoreDb): Promise<readonly string[]> {
  const whens = WAYS.map(({ when }, way) => sql`when ${when} then ${sql.lit(way)}`)
  const states = WAYS.map(({ outcome }): EndState => outcome.state)
  const outcomes = WAYS.map(({ outcome }) => toStoredJson(outcome))
  const { rows } = await sql<{ id: string }>`
    with overdue as (
      select id, case ${sql.join(whens, sql` `)} end as way
      from runs where ended_at is null and (${sql.join(
        WAYS.map(({ when }) => sql`(${when})`),
        sql` or `,
      )})
      limit ${BATCH} for no key update skip locked
    ), ended as (
      update runs set ${endWith(sql`ways.state`, sql`ways.outcome`)}, fence = fence + 1
      from overdue, unnest(${states}::text[], ${outcomes}::text[]) with ordinality as ways(state, outcome, place)
      where runs.id = overdue.id and place = way + 1
      returning runs.*
    ), noted as (${NOTE_END})
    select id from ended`.execute(db)
  return rows.map(({ id }) => id)
}
