import type { Logger } from 'pino'

export type Outage = {
  /** Something could not be done because the queue's store is away, or in trouble. */
  note(error: unknown): void
  stop(): void
}

/**
 * Says once that the queue's store is away, and once that it is back: the clients complain of every try.
 * @param isBack - asks the store; never rejects.
 */
export function createOutage({
  name,
  isBack,
  log,
  everyMs = 1_000,
}: {
  name: string
  isBack(): Promise<boolean>
  log: Pick<Logger, 'info' | 'warn' | 'debug'>
  everyMs?: number
}): Outage {
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  async function look(sinceMs: number): Promise<void> {
    const isOver = await isBack()
    if (isStopped) return
    if (!isOver) {
      timer = setTimeout(look, everyMs, sinceMs).unref()
      return
    }
    timer = undefined
    log.info({ outageMs: Math.round(performance.now() - sinceMs) }, `the queue's ${name} answers again`)
  }

  return {
    note(error) {
      if (isStopped) return
      const reason = error instanceof Error ? error.message : String(error)
      if (isOfOneJob(reason)) {
        log.debug({ reason }, 'a job was taken from the queue, or from this worker, while it was in work')
      } else if (timer === undefined) {
        log.warn({ err: error }, `the queue's ${name} is away or in trouble: runs wait until it answers again`)
        timer = setTimeout(look, everyMs, performance.now()).unref()
      }
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

/** The queue was emptied, or this process slept: the store knows who has the run. */
const isOfOneJob = (reason: string) =>
  /\b(for|renew lock for) job \S+/.test(reason) || /^Job \S+ is not in the/.test(reason)
