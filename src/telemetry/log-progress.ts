import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { RunRecord } from '../runs/run-record.ts'
import type { StepRecord } from '../runs/run-store.ts'
import type { StoreObserver } from './observe-store.ts'

/**
 * A line in the log for each thing that becomes of a run in the queue, to be read along: `run run_ab12cd34… conductor: step 2,
 * balance 0.4 s, gas_price failed`. Runs that are worked on where they were asked for have the line of their request.
 */
export function logProgress(log: Pick<Logger, 'info' | 'warn'>): StoreObserver {
  /** Those this process works on, by id. */
  const working = new LRUCache<string, { model: string; fence: number; step: Step | undefined }>({ max: MAX_WORKING })

  /** Tells of a step once all of its tools have answered, or the run has gone on without them. */
  function tellStep(runId: string): void {
    const known = working.get(runId)
    if (known?.step === undefined) return
    const { step, tokens, tools } = known.step
    known.step = undefined
    const told = tools.map(({ name, ok, ms }) => `${name} ${ok ? toSeconds(ms) : 'failed'}`)
    const line = { runId, model: known.model, step, tokens, tools }
    log.info(line, `${toName({ id: runId, model: known.model })}: ${[`step ${step}`, ...told].join(', ')}`)
  }

  return {
    onAccepted(run, isHere) {
      if (!isHere) log.info({ ...toFields(run), caller: run.caller }, `${toName(run)}: accepted`)
    },
    onJoined: (run) => log.info({ ...toFields(run), state: run.state }, `${toName(run)}: asked for again, and joined`),
    onClaimed({ run, fence, steps }) {
      working.set(run.id, { model: run.model, fence, step: undefined })
      const waitedMs = (run.startedAtMs ?? run.createdAtMs) - run.createdAtMs
      const line = { ...toFields(run), attempt: fence, steps: steps.size }
      if (fence === 1) log.info({ ...line, waitedMs }, `${toName(run)}: started, after ${toSeconds(waitedMs)}`)
      else log.info(line, `${toName(run)}: taken over, attempt ${fence}, recorded steps: ${steps.size}`)
    },
    onStep({ runId }, { step, events, usage }) {
      const known = working.get(runId)
      if (known === undefined) return
      tellStep(runId)
      known.step = {
        step,
        tokens: usage.promptTokens + usage.completionTokens,
        expected: countCalls(events),
        tools: [],
      }
      if (known.step.expected === 0) tellStep(runId)
    },
    onTool({ runId }, { step, name, result, durationMs }) {
      const known = working.get(runId)
      if (known === undefined) return
      // The step itself may have been recorded by another worker.
      known.step ??= { step, tokens: 0, expected: Number.POSITIVE_INFINITY, tools: [] }
      known.step.tools.push({ name: name.slice(0, 64), ok: result.ok, ms: durationMs })
      if (known.step.tools.length >= known.step.expected) tellStep(runId)
    },
    onEnded(run) {
      const isQueued = working.has(run.id) || run.state === 'cancelled'
      tellStep(run.id)
      working.delete(run.id)
      if (isQueued) tellEnd(log, run)
    },
    onLetGo({ runId, fence }) {
      const known = working.get(runId)
      if (known?.fence !== fence) return // it may be here again, by another claim
      tellStep(runId)
      working.delete(runId)
      log.info({ runId, model: known.model }, `${toName({ id: runId, model: known.model })}: no longer worked on here`)
    },
    onOverdue: (ids) =>
      log.warn({ runIds: ids.slice(0, 100) }, `runs ended that took too long, or that nobody waits for: ${ids.length}`),
  }
}

type Step = {
  step: number
  tokens: number
  /** Calls that the model has asked for. */
  expected: number
  tools: { name: string; ok: boolean; ms: number }[]
}

const MAX_WORKING = 10_000

function tellEnd(log: Pick<Logger, 'info' | 'warn'>, run: RunRecord): void {
  const { outcome, startedAtMs, endedAtMs, steps, usage } = run
  if (outcome === null || endedAtMs === null) return
  const ms = startedAtMs === null ? undefined : endedAtMs - startedAtMs
  const line = { ...toFields(run), state: outcome.state, ms, steps, usage }
  const after = ms === undefined ? '' : ` after ${toSeconds(ms)}`
  if (outcome.state !== 'failed' && outcome.state !== 'expired') {
    const tokens = usage.promptTokens + usage.completionTokens
    const work = `${steps} ${steps === 1 ? 'step' : 'steps'}, ${tokens} tokens`
    log.info(line, `${toName(run)}: ${outcome.state}${after}, ${work}`)
    return
  }
  const { code, status, message } = outcome.error
  log.warn({ ...line, error: { code, status, message } }, `${toName(run)}: ${outcome.state}${after}: ${message}`)
}

const toFields = ({ id, model }: RunRecord) => ({ runId: id, model })

/** Enough of an id to follow it by eye; the line has all of it as a field. */
const toName = ({ id, model }: Pick<RunRecord, 'id' | 'model'>) => `run ${id.slice(0, 12)}… ${model.slice(0, 64)}`

const toSeconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

const countCalls = (events: StepRecord['events']) => events.filter(({ type }) => type === 'tool_call').length
