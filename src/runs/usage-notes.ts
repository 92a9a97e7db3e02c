import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { LedgerDb } from '../accounts/ledger/ledger-db.ts'
import { type FreeRun, noteFreeRuns } from '../accounts/ledger/note-free-runs.ts'
import type { Journal } from './journal.ts'
import type { RunEvent, RunOrder } from './run.ts'
import { createRunTally } from './run-tally.ts'

/**
 * What runs have used that are neither paid for nor kept: noted a little later, many at once, so that none waits for it. What a
 * process has not noted is lost with it.
 */
export type UsageNotes = {
  /** Hears of one run; undefined where it is noted elsewhere. */
  observe(order: RunOrder, journal: Journal | undefined): UsageObserver | undefined
  /** Notes what is left. */
  stop(): Promise<void>
}

type UsageObserver = {
  onEvent(event: Exclude<RunEvent, { type: 'text' }>): void
  onEnd(end: { type: 'completed' | 'failed' | 'left' }): void
}

export type UsageNotesDeps = { db: LedgerDb; log: Pick<Logger, 'warn'>; everyMs?: number }

export function createUsageNotes({ db, log, everyMs = 500 }: UsageNotesDeps): UsageNotes {
  let waiting: FreeRun[] = []
  let writing: Promise<void> | undefined
  const stopping = new AbortController()

  function add(run: FreeRun): void {
    if (waiting.length >= MOST_WAITING) return
    waiting.push(run)
    writing ??= write().finally(() => {
      writing = undefined
    })
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      await delay(everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
      const runs = waiting.splice(0, BATCH)
      try {
        await noteFreeRuns(db, runs)
      } catch (err) {
        if (stopping.signal.aborted) return
        log.warn({ err, runs: runs.length }, 'what runs have used could not be noted: it is later')
        waiting = [...runs, ...waiting]
        await delay(RETRY_MS, undefined, { signal: stopping.signal, ref: false }).catch(() => {})
      }
    }
  }

  return {
    observe(order, journal) {
      if (journal !== undefined || order.hold !== undefined) return undefined
      const { id, caller, keyId = null, model } = order
      const tally = createRunTally()
      return {
        onEvent: tally.note,
        onEnd({ type: outcome }) {
          add({ runId: id, caller, keyId, model: model.id, ...tally.done(), outcome })
        },
      }
    },
    async stop() {
      stopping.abort()
      await writing
    },
  }
}

const BATCH = 500
/** Those of a long outage of the store are not worth the memory. */
const MOST_WAITING = 20_000
const RETRY_MS = 2_000
