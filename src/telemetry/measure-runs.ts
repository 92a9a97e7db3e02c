import type { Metrics } from './metrics.ts'
import type { ObserveRun } from './observe-runs.ts'

/** Figures of each run, of its model calls and of its tools. The ends of runs that are kept are counted where they are stored. */
export function measureRuns(metrics: Pick<Metrics, 'onStep' | 'onTool' | 'onRunEnded'>): ObserveRun {
  return ({ model }, journal) => {
    const startedAtMs = performance.now()
    const toolsStartedAtMs = new Map<string, number>()
    let stepStartedAtMs: number | undefined
    return {
      onEvent(event, isReplayed) {
        if (isReplayed) return
        switch (event.type) {
          case 'step_started':
            stepStartedAtMs = performance.now()
            break
          case 'step_finished': {
            const { usage, backend = model.backend } = event
            const ms = performance.now() - (stepStartedAtMs ?? performance.now())
            metrics.onStep({ model: model.id, backend, ms, outcome: 'ok', usage })
            stepStartedAtMs = undefined
            break
          }
          case 'tool_started':
            toolsStartedAtMs.set(event.call.id, performance.now())
            break
          case 'tool_finished': {
            const { call, result } = event
            const ms = performance.now() - (toolsStartedAtMs.get(call.id) ?? performance.now())
            metrics.onTool({ tool: call.name, ms, outcome: result.ok ? 'ok' : 'failed' })
            break
          }
        }
      },
      onEnd(end) {
        const now = performance.now()
        if (stepStartedAtMs !== undefined && end.type !== 'completed') {
          const outcome = end.type === 'failed' ? 'failed' : 'cancelled'
          metrics.onStep({ model: model.id, backend: model.backend, ms: now - stepStartedAtMs, outcome })
        }
        if (journal !== undefined) return
        const state = end.type === 'left' ? 'cancelled' : end.type
        metrics.onRunEnded({ model: model.id, state, ranMs: now - startedAtMs })
      },
    }
  }
}
