import { sql } from 'kysely'
import type { RunOutcome, RunRecord } from '../run-record.ts'
import type { Claim } from '../run-store.ts'
import { toStoredJson } from '../stored-json.ts'
import { endWith, NOTE_END } from './end-run.ts'
import { heldBy } from './held-by.ts'
import { isCancelled } from './is-cancelled.ts'
import { lostClaim } from './lost-claim.ts'
import { RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import { settleEnded, settleUnheard } from './settle-ended.ts'
import type { StoreDb } from './store-deps.ts'

/** Its end and its charge are one change. What was done for a run that is cancelled by then is charged all the same. */
export async function finishRun(db: StoreDb, claim: Claim, outcome: RunOutcome): Promise<RunRecord> {
  const run = await db.transaction().execute(async (tx) => {
    const ended = await endRun(tx, claim, outcome)
    if (ended?.isNew) await settleEnded(tx, claim.runId)
    if (ended === undefined && outcome.state === 'completed' && (await isCancelled(tx, claim.runId))) {
      await settleUnheard(tx, claim.runId, outcome)
    }
    return ended?.run
  })
  if (run === undefined) throw lostClaim(claim)
  return run
}

type Ended = { run: RunRecord; isNew: boolean }

/** Undefined where the claim is lost. */
async function endRun(db: StoreDb, claim: Claim, outcome: RunOutcome): Promise<Ended | undefined> {
  const { rows } = await sql<RunRow>`
    with ended as (
      update runs set ${endWith(outcome.state, toStoredJson(outcome))} where ${heldBy(claim)} returning *
    ), noted as (${NOTE_END})
    select ${RUN_COLUMNS} from ended`.execute(db)
  const ended = rows[0] ?? (await findFinished(db, claim))
  return ended && { run: toRunRecord(ended), isNew: rows.length > 0 }
}

/** A worker asks again where the store went away before it answered. Whoever else ends a run raises its fence. */
async function findFinished(db: StoreDb, { runId, fence }: Claim): Promise<RunRow | undefined> {
  const { rows } = await sql<RunRow>`
    select ${RUN_COLUMNS} from runs where id = ${runId} and fence = ${fence} and ended_at is not null`.execute(db)
  return rows[0]
}
