import { addUsage, NO_USAGE, type ToolCall } from '../messages.ts'
import type { RunCompleted, RunEvent, RunOrder } from '../runs/run.ts'
import type { RequestNote } from './request-note.ts'

/** A run as the wire tells it: alike for a whole reply and for a stream, so their texts are equal. */
export type AnswerPart =
  /** The model has been heard, though it has written nothing for the caller yet. */
  | { type: 'working' }
  /** Never empty, and never half a character. */
  | { type: 'text'; text: string }
  /** A call for the caller to run, after all texts. */
  | { type: 'client_call'; call: ToolCall }
  /** Last, exactly once. */
  | { type: 'completed'; run: RunCompleted }

/** Whether nothing can be sent before the end, as the answer is checked first. What fails until then still has its status. */
export function isHeldToEnd({ format, toolChoice }: Pick<RunOrder, 'format' | 'toolChoice'>): boolean {
  return format !== undefined || toolChoice === 'required' || typeof toolChoice === 'object'
}

/** Reads the run and notes for the log what it learns. */
export async function* readAnswer(
  events: AsyncIterable<RunEvent> | Iterable<RunEvent>,
  note: RequestNote,
): AsyncGenerator<AnswerPart> {
  let half = ''
  let isEmpty = true
  let completed: RunCompleted | undefined
  for await (const event of events) {
    if (event.type === 'step_started') continue // the model is asked, but has not been heard
    note.runBegun = true
    if (event.type === 'step_finished') note.usage = addUsage(note.usage ?? NO_USAGE, event.usage)
    if (event.type === 'text') {
      const [text, rest] = splitHalfCharacter(half + event.text)
      half = rest
      if (text !== '') yield { type: 'text', text: text.toWellFormed() }
      isEmpty = false
    } else if (event.type === 'client_call') {
      if (half !== '') yield { type: 'text', text: half.toWellFormed() }
      half = ''
      yield { type: 'client_call', call: event.call }
      isEmpty = false
    } else if (event.type === 'completed') {
      completed = event // told once the iteration is over, and with it all that the run does at its end
    } else {
      yield { type: 'working' }
    }
  }
  if (completed === undefined) throw new Error('the run ended without completing')
  note.usage = completed.usage
  note.finish = completed.trace.limit ?? completed.reason
  if (half !== '') yield { type: 'text', text: half.toWellFormed() }
  else if (isEmpty) yield { type: 'text', text: NO_ANSWER } // nobody meant it to be empty, and it looks like a hang to chat apps
  yield { type: 'completed', run: completed }
}

const NO_ANSWER = 'The model gave no answer. Try asking in other words.'

/** Keeps a high surrogate back until its other half is there. */
function splitHalfCharacter(text: string): [text: string, half: string] {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff ? [text.slice(0, -1), text.slice(-1)] : [text, '']
}
