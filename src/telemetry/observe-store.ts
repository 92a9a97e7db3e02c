import { LRUCache } from 'lru-cache'
import type { RunRecord } from '../runs/run-record.ts'
import { type Claim, type ClaimedRun, LostClaimError, type RunStore, type StepRecord } from '../runs/run-store.ts'
import type { ToolRecord } from '../runs/tool-record.ts'

/** Hears what this process has done to runs that are kept, once it is stored. */
export type StoreObserver = {
  /** `isHere`: this process works on it from the start. */
  onAccepted?(run: RunRecord, isHere: boolean): void
  onJoined?(run: RunRecord): void
  onClaimed?(claimed: ClaimedRun): void
  onStep?(claim: Claim, step: StepRecord): void
  onTool?(claim: Claim, record: ToolRecord): void
  onEnded?(run: RunRecord): void
  /** Given back, or lost: the run goes on without this process, or has ended. */
  onLetGo?(claim: Claim): void
  /** Ended by the house. */
  onOverdue?(ids: readonly string[]): void
}

/** The store as it is, watched. What an observer throws is swallowed: it is not worth a run. */
export function observeStore(store: RunStore, observers: readonly StoreObserver[]): RunStore {
  const cancelled = new LRUCache<string, true>({ max: MAX_REMEMBERED })

  function tell(say: (observer: StoreObserver) => void): void {
    for (const observer of observers) {
      try {
        say(observer)
      } catch {
        // A figure or a line is missing; what is stored is stored.
      }
    }
  }
  /** Whoever has lost a claim is done with the run. */
  async function underClaim<Value>(claim: Claim, write: () => Promise<Value>): Promise<Value> {
    try {
      return await write()
    } catch (error) {
      if (error instanceof LostClaimError) tell((observer) => observer.onLetGo?.(claim))
      throw error
    }
  }

  return {
    ...store,
    async submit(run) {
      const submitted = await store.submit(run)
      if (submitted.type === 'joined') tell((observer) => observer.onJoined?.(submitted.run))
      else tell((observer) => observer.onAccepted?.(submitted.run, submitted.claim !== undefined))
      return submitted
    },
    async cancel(caller, id) {
      const run = await store.cancel(caller, id)
      // One that was cancelled before is told of again; it has not ended again.
      if (run?.state === 'cancelled' && !cancelled.has(id)) {
        cancelled.set(id, true)
        tell((observer) => observer.onEnded?.(run))
      }
      return run
    },
    async claim(id, worker) {
      const claimed = await store.claim(id, worker)
      if (claimed !== undefined) tell((observer) => observer.onClaimed?.(claimed))
      return claimed
    },
    async renew(claims) {
      const lost = await store.renew(claims)
      for (const claim of lost) tell((observer) => observer.onLetGo?.(claim))
      return lost
    },
    async recordStep(claim, step) {
      await underClaim(claim, () => store.recordStep(claim, step))
      tell((observer) => observer.onStep?.(claim, step))
    },
    async recordTool(claim, record) {
      await underClaim(claim, () => store.recordTool(claim, record))
      tell((observer) => observer.onTool?.(claim, record))
    },
    async finish(claim, outcome) {
      const run = await underClaim(claim, () => store.finish(claim, outcome))
      tell((observer) => observer.onEnded?.(run))
      return run
    },
    async release(claim) {
      await store.release(claim)
      tell((observer) => observer.onLetGo?.(claim))
    },
    async endOverdue() {
      const ids = await store.endOverdue()
      if (ids.length > 0) tell((observer) => observer.onOverdue?.(ids))
      return ids
    },
  }
}

const MAX_REMEMBERED = 10_000
