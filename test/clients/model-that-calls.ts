import type { ScriptedReply, ScriptedToolCall } from '../support/scripted-backend.ts'
import type { Heard } from './heard.ts'

/** What the model says to what it hears. */
export type Play = (heard: Heard) => ScriptedReply

type Call = Pick<ScriptedToolCall, 'name' | 'arguments'>

/**
 * A model that makes the calls of `steps`, one step after the other, and then answers. It judges by what it sees: a call
 * whose result is gone is made again, and what is not on offer is not called.
 */
export function modelThatCalls(
  steps: readonly (readonly Call[])[],
  answer: (results: Heard['results'], heard: Heard) => string,
): Play {
  return (heard) => {
    const left = Object.fromEntries(Object.entries(heard.results).map(([name, results]) => [name, results.length]))
    for (const step of steps) {
      const missing = step.filter(({ name }) => {
        const count = left[name] ?? 0
        left[name] = count - 1
        return count <= 0 && heard.tools.includes(name)
      })
      if (missing.length > 0) return { toolCalls: missing.map((call) => ({ id: createId(), ...call })) }
    }
    return { text: answer(heard.results, heard) }
  }
}

const createId = () => `call_${crypto.randomUUID().replaceAll('-', '').slice(0, 24)}`
