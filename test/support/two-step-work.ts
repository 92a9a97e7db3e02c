import { once } from 'node:events'
import { NO_USAGE } from '../../src/messages.ts'
import type { ModelEvent } from '../../src/models/model.ts'
import type { Claim, ClaimedRun, RunFloor } from '../../src/runs/run-store.ts'
import type { RunWorkerDeps } from '../../src/runs/worker/create-run-worker.ts'

/**
 * Work on a run as a worker does it: one step, a wait in the middle, another step, the end. What is recorded is not done again.
 * @param tell - hears `step 1`, `step 2`, `end`, or the name of what it gave up for.
 */
export function twoStepWork(
  store: Pick<RunFloor, 'recordStep' | 'finish'>,
  tell: (told: string, claim: Claim) => void,
  middle: Promise<unknown>,
): RunWorkerDeps['work'] {
  return async (claimed, signal) => {
    try {
      await doStep(claimed, 1)
      await Promise.race([middle, whenAborted(signal)])
      await doStep(claimed, 2)
      await store.finish(claimed, { state: 'failed', error: OUTCOME })
      tell('end', claimed)
    } catch (error) {
      tell(error instanceof Error ? error.name : String(error), claimed)
      throw error
    }
  }

  async function doStep(claimed: ClaimedRun, step: number): Promise<void> {
    if (claimed.steps.has(step)) return
    const finished: ModelEvent = { type: 'finished', reason: 'stop', usage: NO_USAGE }
    const text = { type: 'text' as const, text: `step ${step} of fence ${claimed.fence}` }
    await store.recordStep(claimed, { step, events: [text, finished], usage: NO_USAGE })
    tell(`step ${step}`, claimed)
  }
}

async function whenAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

const OUTCOME = { message: 'done', status: 500, code: 'done', type: 'server_error', param: null, details: {} }
