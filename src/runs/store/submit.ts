import { sql } from 'kysely'
import { holdCredits } from '../../accounts/ledger/hold-credits.ts'
import { toMs } from '../../db/to-ms.ts'
import { GatewayError } from '../../errors.ts'
import { NO_USAGE } from '../../messages.ts'
import type { RunOutcome } from '../run-record.ts'
import type { NewRun, Submitted } from '../run-store.ts'
import { fromStoredJson, toStoredJson } from '../stored-json.ts'
import { NOTHING_RECORDED } from './claim-run.ts'
import { lockInTransaction } from './lock.ts'
import { RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import type { RunStoreLimits, StoreDb } from './store-deps.ts'
import { afterMs, agoMs, LEASE_MS, NOW } from './times.ts'

/** A key is good for so long: the least that callers may count on. */
export const KEY_MS = 86_400_000
const RETRY_MS = 1_800_000
/** An SDK comes back within a minute or so: what ended before that was most likely heard. */
const UNHEARD_MS = 120_000
/** What a run of a big model takes: as long as that, a place becomes free in each share. */
const TYPICAL_RUN_SEC = 60

/** One of a caller's at a time, so that twins meet and nobody slips past a limit. */
export function submit(db: StoreDb, limits: RunStoreLimits, run: NewRun): Promise<Submitted> {
  return db.transaction().execute(async (tx) => {
    await lockInTransaction(tx, `submit ${run.caller}`)
    const twin = await findTwin(tx, run)
    if (twin !== undefined) return { type: 'joined', run: toRunRecord(twin) }
    const submitted = await insertRun(tx, limits, run)
    if (run.hold !== undefined) await holdCredits(tx, run.hold)
    return submitted
  })
}

async function findTwin(tx: StoreDb, run: NewRun): Promise<RunRow | undefined> {
  if (run.idempotencyKey !== undefined) return findByKey(tx, run, run.idempotencyKey)
  return run.isRetry === true ? findFirstTry(tx, run) : undefined
}

async function findByKey(tx: StoreDb, run: NewRun, key: string): Promise<RunRow | undefined> {
  const { rows } = await sql<RunRow & { bodyHash: string }>`
    select ${RUN_COLUMNS}, "bodyHash" from runs, (
      select run_id, body_hash as "bodyHash" from idempotency_keys
      where caller = ${run.caller} and route = ${run.route} and key = ${key} and created_at > ${agoMs(KEY_MS)}
    ) as known where id = run_id`.execute(tx)
  const [known] = rows
  if (known === undefined) return undefined
  if (known.bodyHash !== run.bodyHash) throw keyReused()
  return mayGoBetter(known) ? undefined : known
}

/** Whether it ended with what a second try may do better. */
function mayGoBetter({ state, outcome }: RunRow): boolean {
  if (state === 'expired') return true
  if (state !== 'failed' || outcome === null) return false
  const ended = fromStoredJson<RunOutcome>(outcome)
  return 'error' in ended && (ended.error.status >= 500 || ended.error.status === 429)
}

async function findFirstTry(tx: StoreDb, { caller, route, bodyHash }: NewRun): Promise<RunRow | undefined> {
  const joinable = sql`(ended_at is null or state = 'completed' and ended_at > ${agoMs(UNHEARD_MS)})`
  const { rows } = await sql<RunRow>`
    update runs set abandon_at = null where ${joinable} and id = (
      select id from runs
      where caller = ${caller} and route = ${route} and body_hash = ${bodyHash} and ${joinable}
        and created_at > ${agoMs(RETRY_MS)}
      order by created_at desc, id desc limit 1
    ) returning ${RUN_COLUMNS}`.execute(tx)
  return rows[0]
}

type Inserted = {
  own: number
  all: number
  createdAtMs: number | null
  startedAtMs: number | null
  deadlineMs: number | null
}

async function insertRun(tx: StoreDb, limits: RunStoreLimits, run: NewRun): Promise<Submitted> {
  const isHere = run.worker !== undefined
  const most = isHere ? (limits.answersPerCaller ?? NO_LIMIT) : limits.pendingPerCaller
  const { idempotencyKey: key = null, webhook } = run
  const order = toStoredJson(run.order)
  const envelope = toStoredJson(run.envelope ?? null)
  const notes = [{ type: 'queued' }, ...(isHere ? [{ type: 'started', attempt: 1 }] : [])]
  const askedAtMs = performance.now()
  const { rows } = await sql<Inserted>`
    with open as (
      select
        (select count(*) from runs where caller = ${run.caller} and ended_at is null and in_place = ${isHere}::boolean)::int
          as own,
        (select count(*) from (
          select 1 from runs where ended_at is null and not in_place limit ${limits.queueLimit}
        ) as pending)::int as "all"
    ), added as (
      insert into runs (
        id, caller, route, model, state, "order", envelope, bytes, body_hash, has_key, background, in_place, run_timeout_ms,
        admitted_at, started_at, deadline, fence, attempts, worker, lease_until, last_seq, usage, webhook
      )
      select
        ${run.id}, ${run.caller}, ${run.route}, ${run.model}, ${isHere ? 'running' : 'queued'}, ${order}::json,
        ${envelope}::json, ${Buffer.byteLength(order) + Buffer.byteLength(envelope)}::int, ${run.bodyHash}, ${key !== null}::boolean, ${run.background}::boolean, ${isHere}::boolean,
        ${run.runTimeoutMs}::int, ${isHere ? NOW : null}::timestamptz, ${isHere ? NOW : null}::timestamptz,
        ${afterMs(isHere ? run.runTimeoutMs : limits.queueTimeoutMs)}, ${isHere ? 1 : 0}::int, ${isHere ? 1 : 0}::int,
        ${run.worker ?? null}::text, ${isHere ? afterMs(limits.leaseMs ?? LEASE_MS) : null}::timestamptz, ${notes.length}::int,
        ${toStoredJson(NO_USAGE)}::json, ${webhook === undefined ? null : toStoredJson(webhook)}::json
      from open where own < ${most}::int and (${isHere}::boolean or "all" < ${limits.queueLimit})
      returning *
    ), keyed as (
      insert into idempotency_keys (caller, route, key, body_hash, run_id)
      select caller, route, ${key}::text, body_hash, id from added where has_key
      on conflict (caller, route, key) do update
      set body_hash = excluded.body_hash, run_id = excluded.run_id, created_at = excluded.created_at
    ), told as (
      insert into run_events (run_id, seq, note)
      select id, seq, note::json from added, unnest(${notes.map(toStoredJson)}::text[]) with ordinality as notes(note, seq)
    )
    select own, "all", ${toMs('created_at')} as "createdAtMs", ${toMs('started_at')} as "startedAtMs",
      ${toMs('deadline')} as "deadlineMs"
    from open left join added on true`.execute(tx)
  const [{ own, all, createdAtMs, startedAtMs, deadlineMs } = NONE] = rows
  if (createdAtMs === null || deadlineMs === null) {
    throw own >= most ? tooManyOfCaller(limits, { pending: own, limit: most }) : tooMany(all)
  }
  const { id, caller, model } = run
  const record = toRunRecord({
    id,
    caller,
    model,
    state: isHere ? 'running' : 'queued',
    steps: 0,
    order,
    envelope,
    usage: toStoredJson(NO_USAGE),
    outcome: null,
    createdAtMs,
    startedAtMs,
    endedAtMs: null,
    deadlineMs,
  })
  if (!isHere) return { type: 'accepted', run: record }
  const claim = { runId: id, fence: 1, run: record, askedAtMs, remainingMs: run.runTimeoutMs, ...NOTHING_RECORDED }
  return { type: 'accepted', run: record, claim }
}

/** The most that an integer of Postgres is. */
const NO_LIMIT = 2 ** 31 - 1
const NONE: Inserted = { own: 0, all: 0, createdAtMs: null, startedAtMs: null, deadlineMs: null }

function keyReused(): GatewayError {
  return new GatewayError('This idempotency key was used for another request body. Use a new key for a new request.', {
    status: 422,
    code: 'idempotency_key_reused',
    type: 'invalid_request_error',
    param: 'Idempotency-Key',
  })
}

function tooManyOfCaller(
  { runsPerCaller }: RunStoreLimits,
  { pending, limit }: { pending: number; limit: number },
): GatewayError {
  return new GatewayError(
    `You have ${pending} runs that have not ended, and may have ${limit}. Wait for one to end, or cancel one.`,
    {
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'rate_limit_error',
      details: { pending, limit },
      retryAfterSec: Math.max(1, Math.ceil(TYPICAL_RUN_SEC / runsPerCaller)),
    },
  )
}

function tooMany(waiting: number): GatewayError {
  return new GatewayError(`The queue is full: ${waiting} runs have not ended. Please try again later.`, {
    status: 503,
    code: 'server_overloaded',
    type: 'service_unavailable_error',
    retryAfterSec: TYPICAL_RUN_SEC / 2,
  })
}
