import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { within } from '../../within.ts'
import type { RunQueue, RunWorker } from '../run-queue.ts'
import { LostClaimError } from '../run-store.ts'
import type { JobWorker, QueueBackend } from './backend.ts'
import type { Outage } from './outage.ts'
import { CLOSE_MS, shut } from './shut.ts'

export type WorkJobsDeps = {
  openWorker: QueueBackend['openWorker']
  outage: Outage
  log: Pick<Logger, 'warn' | 'error'>
}

/** Keeps a worker at the queue until it is drained, whatever becomes of the connection in between. */
export function workJobs(
  handler: Parameters<RunQueue['work']>[0],
  { concurrency }: { concurrency: number },
  { openWorker, outage, log }: WorkJobsDeps,
): RunWorker {
  const stopping = new AbortController()
  const jobs = new Set<{ givesUp: AbortController; done: Promise<void> }>()
  let isOver = false
  let worker: JobWorker | undefined

  function process(data: unknown): Promise<void> {
    const runId = toRunId(data)
    if (runId === undefined) {
      log.warn('the queue holds a job that is not ours: it is dropped')
      return Promise.resolve()
    }
    const givesUp = new AbortController()
    if (isOver) givesUp.abort(handedOn())
    const job = { givesUp, done: call(runId, givesUp.signal) }
    jobs.add(job)
    return job.done.finally(() => jobs.delete(job))
  }

  async function call(runId: string, signal: AbortSignal): Promise<void> {
    try {
      await handler(runId, signal)
    } catch (err) {
      log.error({ err, runId }, 'a worker could not handle a job')
    }
  }

  async function stayOpen(): Promise<void> {
    while (!stopping.signal.aborted) {
      worker = openWorker(process, { concurrency, isStopping: () => stopping.signal.aborted })
      worker.on('error', outage.note)
      try {
        await worker.waitUntilReady()
        await worker.run()
      } catch (error) {
        outage.note(error)
      }
      await shut(worker)
      await delay(REOPEN_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  async function jobsDone(): Promise<void> {
    while (jobs.size > 0) await Promise.all([...jobs].map(({ done }) => done))
  }

  async function drain(limit: AbortSignal): Promise<void> {
    const giveUp = () => {
      isOver = true
      for (const { givesUp } of jobs) givesUp.abort(handedOn())
    }
    stopping.abort()
    if (limit.aborted) giveUp()
    limit.addEventListener('abort', giveUp, { once: true })
    void worker?.close().catch(outage.note)
    await jobsDone()
    const isShut = worker === undefined || (await shut(worker))
    await jobsDone() // one may have been on its way
    limit.removeEventListener('abort', giveUp)
    if (isShut) await within(CLOSE_MS, staying)
  }

  const staying = stayOpen()
  return { drain }
}

function handedOn(): LostClaimError {
  return new LostClaimError('The worker stops: the run goes on elsewhere.')
}

function toRunId(data: unknown): string | undefined {
  const runId = typeof data === 'object' && data !== null && 'runId' in data ? data.runId : undefined
  return typeof runId === 'string' ? runId : undefined
}

const REOPEN_MS = 1_000
