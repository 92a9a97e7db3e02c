import type { Metrics } from './metrics.ts'
import type { StoreObserver } from './observe-store.ts'

/** Figures of runs that are kept: taken, started, ended. What happens within them is measured as they run. */
export function measureStore(
  metrics: Pick<Metrics, 'onSubmit' | 'onRunStarted' | 'onRunEnded' | 'onOverdue'>,
): StoreObserver {
  return {
    onAccepted: ({ model }) => metrics.onSubmit({ model, result: 'accepted' }),
    onJoined: ({ model }) => metrics.onSubmit({ model, result: 'joined' }),
    onClaimed({ fence, run: { model, createdAtMs, startedAtMs } }) {
      // Whoever takes it over starts nothing.
      if (fence === 1 && startedAtMs !== null) metrics.onRunStarted({ model, waitedMs: startedAtMs - createdAtMs })
    },
    onEnded({ model, outcome, startedAtMs, endedAtMs }) {
      if (outcome === null || endedAtMs === null) return
      const ranMs = startedAtMs === null ? undefined : endedAtMs - startedAtMs
      metrics.onRunEnded({ model, state: outcome.state, ranMs })
    },
    onOverdue: (ids) => metrics.onOverdue(ids.length),
  }
}
