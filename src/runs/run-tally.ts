import type { RunDone } from '../accounts/ledger.ts'
import { addUsage, NO_USAGE } from '../messages.ts'
import type { RunEvent } from './run.ts'

export type RunWork = Pick<RunDone, 'usage' | 'tools' | 'steps' | 'isEstimated'>

/** What a run has done so far, by what it tells: steps, tokens, and the tool calls that were answered. */
export type RunTally = {
  note(event: RunEvent): void
  done(): RunWork
  /** Whether some of the answer was told. */
  hasTold(): boolean
}

export function createRunTally(): RunTally {
  const tools: Record<string, number> = {}
  let usage = NO_USAGE
  let steps = 0
  let isEstimated = false
  let isTold = false
  return {
    note(event) {
      if (event.type === 'step_finished') {
        steps = event.step
        usage = addUsage(usage, event.usage)
        isEstimated ||= event.isEstimated === true
      }
      if (event.type === 'tool_finished' && event.result.ok) tools[event.call.name] = (tools[event.call.name] ?? 0) + 1
      isTold ||= event.type === 'client_call' || (event.type === 'text' && event.text !== '')
    },
    done: () => ({ usage, tools, steps, isEstimated }),
    hasTold: () => isTold,
  }
}
