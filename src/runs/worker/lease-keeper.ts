import type { Logger } from 'pino'
import type { RunNews } from '../run-news.ts'
import {
  type Claim,
  type ClaimedRun,
  LostClaimError,
  type RunDesk,
  RunEndedError,
  type RunFloor,
} from '../run-store.ts'
import { LEASE_MS } from '../store/times.ts'

/** Keeps the claims of this process alive. */
export type LeaseKeeper = {
  /** Until `release`, or until its signal fires: at once where its lease may be over before it was heard of. */
  hold(claimed: ClaimedRun): HeldClaim
}

export type HeldClaim = {
  /** Fires with a {@link RunEndedError} where the run has ended without us, with a {@link LostClaimError} where it goes on. */
  signal: AbortSignal
  release(): void
}

export type LeaseKeeperDeps = {
  store: Pick<RunFloor, 'renew'> & Pick<RunDesk, 'find'>
  /** Tells at once of what the next renewal would tell. */
  news?: Pick<RunNews, 'watch'> | undefined
  /** How long a claim lasts in the store after it was last renewed. */
  leaseMs?: number
  /** Between two renewals. */
  everyMs?: number
  log: Pick<Logger, 'info' | 'warn'>
}

type Held = {
  claimed: ClaimedRun
  lost: AbortController
  /** Fires when it is let go, for whatever reason. */
  over: AbortController
  /** By the clock of this process: the lease was good then, whatever the store's clock says. */
  goodUntilMs: number
  expiry: NodeJS.Timeout | undefined
}

export function createLeaseKeeper({
  store,
  news,
  leaseMs = LEASE_MS,
  everyMs = leaseMs / 4,
  log,
}: LeaseKeeperDeps): LeaseKeeper {
  const holds = new Set<Held>()
  let timer: NodeJS.Timeout | undefined
  let lastSentAtMs = Number.NEGATIVE_INFINITY
  let isRenewing = false
  let isStoreAway = false

  function letGo(held: Held): void {
    holds.delete(held)
    clearTimeout(held.expiry)
    held.over.abort()
    if (holds.size === 0) schedule()
  }

  function extend(held: Held, sentAtMs: number): void {
    held.goodUntilMs = sentAtMs + leaseMs
    clearTimeout(held.expiry)
    const leftMs = held.goodUntilMs - performance.now()
    if (leftMs > 0) held.expiry = setTimeout(expire, leftMs, held)
    else expire(held)
  }

  function expire(held: Held): void {
    letGo(held)
    held.lost.abort(new LostClaimError('The claim could not be renewed in time: another worker may have the run.'))
  }

  /** The next renewal; earlier than planned where there is news. */
  function schedule(inMs = everyMs): void {
    clearTimeout(timer)
    timer = holds.size === 0 ? undefined : setTimeout(renew, inMs)
  }

  async function renew(): Promise<void> {
    const sentAtMs = performance.now()
    // A process that slept has not kept its claims: it must not win them back before its work has stopped.
    for (const held of holds) if (held.goodUntilMs <= sentAtMs) expire(held)
    schedule()
    if (isRenewing || holds.size === 0) return
    isRenewing = true
    lastSentAtMs = sentAtMs
    const asked = [...holds]
    try {
      const lost = await store.renew(asked.map(({ claimed }) => claimed))
      if (isStoreAway) log.info('claims are renewed again')
      isStoreAway = false
      const isLost = new Set(lost.map(toKey))
      for (const held of asked) {
        if (!holds.has(held)) continue
        if (isLost.has(toKey(held.claimed))) void lose(held)
        else extend(held, sentAtMs)
      }
    } catch (err) {
      if (!isStoreAway) log.warn({ err }, 'claims cannot be renewed: their runs go on elsewhere if that lasts')
      isStoreAway = true
    } finally {
      isRenewing = false
    }
  }

  async function lose(held: Held): Promise<void> {
    letGo(held)
    const { run } = held.claimed
    const hasEnded = await store.find(run.caller, run.id).then(
      (now) => now === undefined || now.endedAtMs !== null,
      () => false,
    )
    held.lost.abort(
      hasEnded
        ? new RunEndedError('The run has ended: it was cancelled, or its time was over.')
        : new LostClaimError('Another worker has the run.'),
    )
  }

  async function listen({ claimed, over }: Held): Promise<void> {
    const watch = news?.watch(claimed.run.id)
    try {
      while (watch !== undefined && !over.signal.aborted) {
        await watch.next(over.signal)
        // Most news is what this worker has recorded itself, which a renewal a time would be too much for.
        schedule(Math.max(0, lastSentAtMs + LEAST_MS - performance.now()))
      }
    } catch {
      // let go
    } finally {
      watch?.stop()
    }
  }

  return {
    hold(claimed) {
      const lost = new AbortController()
      const over = new AbortController()
      const held: Held = { claimed, lost, over, goodUntilMs: 0, expiry: undefined }
      holds.add(held)
      extend(held, claimed.askedAtMs)
      if (timer === undefined) schedule()
      void listen(held)
      return { signal: lost.signal, release: () => letGo(held) }
    },
  }
}

const LEAST_MS = 250

const toKey = ({ runId, fence }: Claim) => `${runId}-${fence}`
