import type { Logger } from 'pino'
import type { Models } from '../../models/models.ts'
import type { OrphanedJob, RunUpkeep } from '../run-store.ts'

/** Cancels the jobs that backends work on for nobody: their worker died before it could, and their run has ended since. */
export type OrphanCanceller = {
  /** Looks for some, unless it is at it. What fails is tried again; nobody has to wait for it. */
  look(): void
  /** Breaks off what it is at. */
  stop(): Promise<void>
}

export type OrphanCancellerDeps = {
  store: Pick<RunUpkeep, 'orphanedJobs' | 'forgetJob'>
  models: Pick<Models, 'find'>
  log: Pick<Logger, 'debug' | 'info' | 'warn'>
}

export function createOrphanCanceller({ store, models, log }: OrphanCancellerDeps): OrphanCanceller {
  const stopping = new AbortController()
  let round: Promise<void> | undefined

  async function cancelAll(): Promise<void> {
    const orphans = await store.orphanedJobs(AT_ONCE)
    await Promise.all(orphans.map((orphan) => cancel(orphan).catch(tellLater)))
  }

  function tellLater(error: unknown): void {
    log.debug({ reason: String(error) }, 'jobs that nobody waits for are cancelled later')
  }

  async function cancel(orphan: OrphanedJob): Promise<void> {
    const { runId, model, job, tries } = orphan
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(CANCEL_MS)])
    const isOver = (await models.find(model)?.model.cancelJob?.(job, signal)) ?? false
    if (!isOver && (stopping.signal.aborted || tries + 1 < MAX_TRIES)) return
    await store.forgetJob(orphan)
    const about = { runId, model, backend: job.backend, job: job.id }
    if (isOver) log.info(about, 'a job that nobody waits for was cancelled at its backend')
    else log.warn(about, 'a job that nobody waits for could not be cancelled: it runs into its own limits')
  }

  return {
    look() {
      if (stopping.signal.aborted) return
      round ??= cancelAll()
        .catch(tellLater)
        .finally(() => {
          round = undefined
        })
    },
    async stop() {
      stopping.abort(new Error('the process stops'))
      await round
    },
  }
}

/** RunPod takes twenty cancellations at once. */
const AT_ONCE = 20
/** Less than a job is for this process alone. */
const CANCEL_MS = 15_000
/** Over ten minutes: by then most jobs have run into their own limits. */
const MAX_TRIES = 30
