import type { Logger } from 'pino'
import { isNobodysFault } from '../is-nobodys-fault.ts'
import { OUTAGE_MS, outlastOutage } from '../outlast-outage.ts'
import type { RunQueue, RunWorker } from '../run-queue.ts'
import type { ClaimedRun, RunFloor } from '../run-store.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { Sweeper } from './sweeper.ts'

export type RunWorkerDeps = {
  store: Pick<RunFloor, 'claim' | 'release'>
  queue: Pick<RunQueue, 'work'>
  leaseKeeper: LeaseKeeper
  sweeper: Pick<Sweeper, 'nudge'>
  /**
   * Works on a run until it has ended and is stored as such. Rejects where it did not end here: with the reason of `signal`
   * once that has fired, with anything else where another try may do better.
   */
  work(claimed: ClaimedRun, signal: AbortSignal): Promise<unknown>
  concurrency: number
  /** Names this process, for whoever looks at the store. */
  worker: string
  log: Pick<Logger, 'debug' | 'error'>
}

/** Takes runs from the queue, one claim at a time each, and works on them until it is drained. */
export function createRunWorker(deps: RunWorkerDeps): RunWorker {
  const { store, queue, leaseKeeper, sweeper, work, concurrency, worker, log } = deps

  async function handle(runId: string, stopped: AbortSignal): Promise<void> {
    const patience = AbortSignal.any([stopped, AbortSignal.timeout(OUTAGE_MS)])
    const claimed = await outlastOutage(() => store.claim(runId, worker), patience)
    if (claimed === undefined) return
    const held = leaseKeeper.hold(claimed)
    const signal = AbortSignal.any([stopped, held.signal])
    try {
      await work(claimed, signal)
    } catch (error) {
      if (signal.aborted || isNobodysFault(error)) {
        log.debug({ runId, reason: String(error) }, 'a run goes on elsewhere, or has ended')
        await giveBack(claimed)
      } else {
        // Not given back: its lease passes, which makes the next try wait, and the store counts the tries.
        log.error({ err: error, runId }, 'a run could not be worked on: another try follows')
      }
    } finally {
      held.release()
      sweeper.nudge() // its caller's next run, or this one again
    }
  }

  /** Changes nothing where somebody else has it, or it has ended. */
  async function giveBack(claimed: ClaimedRun): Promise<void> {
    try {
      await store.release(claimed)
    } catch (error) {
      log.debug({ runId: claimed.runId, reason: String(error) }, 'a run was not given back: its lease passes')
    }
  }

  return queue.work(handle, { concurrency })
}
