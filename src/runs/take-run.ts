import { setMaxListeners } from 'node:events'
import type { ConductRun } from './conduct-run.ts'
import type { FollowRun } from './follow-run.ts'
import { type LiveRun, startLiveRun } from './live-run.ts'
import type { RunEvent, RunOrder } from './run.ts'
import type { RunRecord } from './run-record.ts'
import { LostClaimError, type NewRun, type RunDesk, type RunFloor } from './run-store.ts'
import type { LeaseKeeper } from './worker/lease-keeper.ts'

/** A run as a request asks for it, to be kept from here on. */
export type AskedRun = Omit<NewRun, 'order' | 'model' | 'id' | 'caller' | 'worker'> & {
  order: RunOrder
  /** Public id that was asked for. */
  modelId: string
  /** Done by this process, for a caller who reads along; else it waits for a worker. */
  isHere: boolean
}

export type TakenRun = {
  /** Another one than was asked for, where the request joined that. */
  run: RunRecord
  isJoined: boolean
  /** Tells the run from its start. @param waitMs - see {@link FollowRun}; a run of this process is waited for to its end. */
  events(signal: AbortSignal, waitMs?: number): AsyncIterable<RunEvent>
}

/** Stores a run, or finds the one that the request asks for again. @throws what `RunDesk.submit` does. */
export type TakeRun = (asked: AskedRun) => Promise<TakenRun>

export type TakeRunDeps = {
  store: Pick<RunDesk, 'submit'> & Pick<RunFloor, 'release'>
  follow: FollowRun
  conduct: ConductRun
  /** Holds the claim of a run for as long as this process works on it. */
  hold: LeaseKeeper['hold']
  /** Something may be due for the queue. */
  nudge(): void
  /** Names this process. */
  worker: string
}

export type RunTaker = {
  take: TakeRun
  /** Waits for the runs of this process; gives back those that have not ended when `limit` fires. */
  drain(limit: AbortSignal): Promise<void>
}

export function createRunTaker({ store, follow, conduct, hold, nudge, worker }: TakeRunDeps): RunTaker {
  const live = new Set<LiveRun>()
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)

  async function take({ order, modelId, isHere, ...asked }: AskedRun): Promise<TakenRun> {
    const { id, caller, model: _, runTimeoutMs: __, hold: ___, canAfford: ____, ...stored } = order
    const submitted = await store.submit({
      ...asked,
      id,
      caller,
      model: modelId,
      order: stored,
      ...(isHere && { worker }),
    })
    const { run } = submitted
    const claim = submitted.type === 'accepted' ? submitted.claim : undefined
    if (claim === undefined) {
      if (submitted.type === 'accepted') nudge()
      return {
        run,
        isJoined: submitted.type === 'joined',
        events: (signal, waitMs) => follow(run, { signal, waitMs }),
      }
    }
    const held = hold(claim)
    const signal = AbortSignal.any([held.signal, stopping.signal])
    const work = async (tell: (event: RunEvent) => void) => {
      try {
        return await conduct(claim, signal, tell)
      } catch (error) {
        await store.release(claim).catch(() => {}) // its lease passes soon anyway
        throw error
      } finally {
        held.release()
        nudge()
      }
    }
    const here = startLiveRun(work, (reader) => follow(run, { signal: reader }))
    live.add(here)
    void here.ended.then(() => live.delete(here))
    return { run, isJoined: false, events: (reader) => here.events(reader) }
  }

  async function drain(limit: AbortSignal): Promise<void> {
    const stop = () => stopping.abort(new LostClaimError('The process stops.'))
    if (limit.aborted) stop()
    limit.addEventListener('abort', stop, { once: true })
    await Promise.all([...live].map(({ ended }) => ended))
    limit.removeEventListener('abort', stop)
  }

  return { take, drain }
}
