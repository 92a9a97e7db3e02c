import type { Logger } from 'pino'
import type { RunQueue } from '../run-queue.ts'
import type { RunJob, RunUpkeep } from '../run-store.ts'

/** Brings what the store has to do into the queue, and ends what waited too long. Any process may, and several at once. */
export type Sweeper = {
  /** Something is due now: a run was taken, ended or given back. */
  nudge(): void
  /** After the round it is in, and the one it was nudged for. */
  stop(): Promise<void>
}

export type SweeperDeps = {
  store: Pick<RunUpkeep, 'endOverdue' | 'settleLost' | 'dueJobs' | 'prune'>
  queue: Pick<RunQueue, 'add' | 'check'>
  everyMs?: number
  pruneEveryMs?: number
  /** Goes on beside the rounds, one of which asks for it each time it comes round by itself. */
  cancelOrphans?: (() => void) | undefined
  log: Pick<Logger, 'info' | 'warn'>
}

export function createSweeper(deps: SweeperDeps): Sweeper {
  const { store, queue, everyMs = 3_000, pruneEveryMs = 600_000, cancelOrphans, log } = deps
  /** Due, but not in the queue: it could not be added, and the store does not name it again for a while. */
  let owed: readonly RunJob[] = []
  let round: Promise<void> | undefined
  let isNudged = false
  let isStopped = false
  let isFailing = false
  let prunedAtMs = performance.now() - Math.random() * pruneEveryMs
  let timer = setTimeout(tick, Math.random() * FIRST_WITHIN * everyMs)

  function tick(): void {
    // Never later than `everyMs`, yet not all processes at once.
    timer = setTimeout(tick, everyMs * (1 - SPREAD * Math.random()))
    void begin(tidy)
  }

  /** One round at a time; what is asked for meanwhile comes after it. */
  function begin(first?: () => Promise<void>): Promise<void> {
    round ??= sweep(first).finally(() => {
      round = undefined
      if (isNudged) void begin()
    })
    return round
  }

  async function sweep(first: (() => Promise<void>) | undefined): Promise<void> {
    isNudged = false
    try {
      await first?.()
      await addDue()
      if (isFailing) log.info('the sweeper works again')
      isFailing = false
    } catch (err) {
      if (!isFailing) log.warn({ err }, 'the sweeper fails: it tries again every few seconds')
      isFailing = true
    }
  }

  async function tidy(): Promise<void> {
    await store.endOverdue()
    await settleLost()
    cancelOrphans?.()
    if (performance.now() - prunedAtMs < pruneEveryMs) return
    prunedAtMs = performance.now()
    await store.prune()
  }

  /** What cannot be settled must not hold up the queue. */
  async function settleLost(): Promise<void> {
    try {
      const { expired } = await store.settleLost()
      if (expired > 0) log.warn({ expired }, 'credits were held for runs that nobody ended: they are free again')
    } catch (err) {
      log.warn({ err }, 'a run that has ended could not be settled: it is tried again')
    }
  }

  async function addDue(): Promise<void> {
    if (owed.length > 0) {
      if ((await queue.check()).status === 'down') return
      await add(owed)
    }
    while (owed.length === 0) {
      const due = await store.dueJobs(BATCH)
      await add(due)
      if (due.length < BATCH) return
    }
  }

  async function add(jobs: readonly RunJob[]): Promise<void> {
    const added = await Promise.allSettled(jobs.map((job) => queue.add(job)))
    owed = jobs.filter((_, index) => added[index]?.status === 'rejected')
    if (owed.length > 0) log.warn({ jobs: owed.length }, 'jobs could not be added to the queue: they are later')
  }

  return {
    nudge() {
      if (isStopped) return
      isNudged = true
      if (round === undefined) void begin()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      while (round !== undefined) await round
    },
  }
}

const BATCH = 100
const FIRST_WITHIN = 0.1
const SPREAD = 0.3
