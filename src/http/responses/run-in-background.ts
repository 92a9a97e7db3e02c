import type { Logger } from 'pino'
import type { ExecuteRun } from '../../runs/run.ts'
import { toErrorLog } from '../error-log.ts'
import type { RequestNote } from '../request-note.ts'
import { type BackgroundRun, type BackgroundRuns, ResponseCancelledError } from './background-runs.ts'
import type { InputItem } from './input-items.ts'
import { keepFailed, type Telling, tellRun } from './tell-run.ts'

export type RunInBackgroundDeps = { background: BackgroundRuns; executeRun: ExecuteRun; log: Logger }

/** Starts a run that nobody waits for: its end is kept and logged, however it comes. */
export function runInBackground(
  { background, executeRun, log }: RunInBackgroundDeps,
  { input, ...telling }: Telling & { input: readonly InputItem[] },
): BackgroundRun {
  const { order, teller } = telling
  const { id: runId, caller, model } = order
  const note: RequestNote = { caller, model: model.id, runId }
  const startedAtMs = performance.now()
  return background.start({
    caller,
    id: teller.response().id,
    input,
    response: teller.response,
    streams: order.stream,
    async work(tell, signal) {
      tell(teller.open())
      try {
        for await (const event of tellRun(executeRun, { ...telling, beginsEarly: true, note }, signal)) tell([event])
      } catch (thrown) {
        const error = signal.aborted ? signal.reason : thrown
        const isCancelled = error instanceof ResponseCancelledError
        if (!isCancelled) note.error = error
        const last = isCancelled ? teller.cancel() : teller.fail(error)
        await keepFailed(telling, log)
        tell(last)
      }
      const { error, runBegun: _, ...rest } = note
      const line = { ...rest, status: teller.response().status, ms: Math.round(performance.now() - startedAtMs) }
      if (error === undefined) log.info(line, 'background run')
      else log.error({ ...line, error: toErrorLog(error) }, 'background run')
    },
  })
}
