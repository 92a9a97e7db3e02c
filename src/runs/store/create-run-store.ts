import { closeLost } from '../../accounts/ledger/close-lost.ts'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { RunStore } from '../run-store.ts'
import { abandonRun } from './abandon-run.ts'
import { createAnnounce } from './announce.ts'
import { cancelRun } from './cancel-run.ts'
import { claimRun } from './claim-run.ts'
import { countRuns } from './count-runs.ts'
import { dueJobs } from './due-jobs.ts'
import { endOverdue } from './end-overdue.ts'
import { findRun } from './find-run.ts'
import { finishRun } from './finish-run.ts'
import { forgetRun } from './forget-run.ts'
import { listRuns } from './list-runs.ts'
import { forgetJob, orphanedJobs } from './orphaned-jobs.ts'
import { prune } from './prune.ts'
import { recordJob, recordStep, recordTool } from './record.ts'
import { releaseRun } from './release-run.ts'
import { renewClaims } from './renew-claims.ts'
import { runEvents } from './run-events.ts'
import { isRunId } from './run-row.ts'
import { recordOf } from './settle-ended.ts'
import type { RunStoreLimits } from './store-deps.ts'
import { submit } from './submit.ts'
import { dueWebhooks, noteWebhook } from './webhooks.ts'

export type RunStoreDeps = {
  database: Pick<Database, 'db'>
  limits: RunStoreLimits
  /** How long an ended run can be asked for. */
  retentionMs: number
}

export function createRunStore({ database: { db }, limits, retentionMs }: RunStoreDeps): RunStore {
  const announce = createAnnounce(db)

  /** The change, and the news of it. */
  async function told<Result>(id: string, change: Promise<Result>): Promise<Result> {
    const result = await change
    if (isRunId(id)) announce([id])
    return result
  }

  return withStoreErrors({
    submit: (run) => submit(db, limits, run),
    find: (caller, id) => findRun(db, caller, id),
    list: (caller, page) => listRuns(db, caller, page),
    cancel: (caller, id) => told(id, cancelRun(db, caller, id)),
    forget: (caller, id) => forgetRun(db, caller, id),
    events: (caller, id, after) => runEvents(db, caller, id, after),
    abandon: (id, graceMs) => abandonRun(db, id, graceMs),
    claim: (id, worker) => told(id, claimRun(db, limits, id, worker)),
    renew: (claims) => renewClaims(db, limits, claims),
    recordStep: (claim, step) => told(claim.runId, recordStep(db, claim, step)),
    recordTool: (claim, record) => told(claim.runId, recordTool(db, claim, record)),
    recordJob: (claim, step, job) => recordJob(db, claim, step, job),
    finish: (claim, outcome) => told(claim.runId, finishRun(db, claim, outcome)),
    release: (claim) => releaseRun(db, claim),
    dueJobs: (limit) => dueJobs(db, limits, limit),
    async endOverdue() {
      const ids = await endOverdue(db)
      announce(ids)
      return ids
    },
    settleLost: () => closeLost(db, recordOf),
    orphanedJobs: (limit) => orphanedJobs(db, limits, limit),
    forgetJob: (orphan) => forgetJob(db, orphan),
    prune: () => prune(db, retentionMs),
    counts: () => countRuns(db),
    dueWebhooks: (limit) => dueWebhooks(db, limit),
    noteWebhook: (runId, retryInMs) => noteWebhook(db, runId, retryInMs),
  } satisfies RunStore)
}
