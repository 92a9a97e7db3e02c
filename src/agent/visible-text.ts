import { countTokens, takeTokens } from './count-tokens.ts'

/** What a caller's `stop` and `max_tokens` leave of a step's text, piece by piece. */
export type VisibleText = {
  push(text: string): string
  /** What waited for the rest of a stop sequence that did not come. */
  end(): string
  /** Why nothing more will be visible; null while there may be. */
  endedBy(): 'stop' | 'length' | null
}

/**
 * A stop sequence may be split across pieces, so a text's end that could begin one waits until that is clear; the sequence
 * itself is never visible.
 * @param options.maxTokens - counted by piece, as backends send about one token a piece.
 */
export function createVisibleText({
  stop = [],
  maxTokens,
}: {
  stop?: readonly string[] | undefined
  maxTokens?: number | undefined
}): VisibleText {
  let held = ''
  let tokens = 0
  let ended: ReturnType<VisibleText['endedBy']> = null

  const beforeStop = (text: string): string => {
    if (stop.length === 0) return text
    held += text
    const at = firstIndexOf(held, stop)
    if (at !== undefined) ended = 'stop'
    const leaving = held.slice(0, at ?? held.length - longestBeginning(held, stop))
    held = held.slice(leaving.length)
    return leaving
  }

  return {
    push(text) {
      if (ended !== null || text === '') return ''
      if (maxTokens === undefined) return beforeStop(text)
      const count = countTokens(text)
      const room = maxTokens - tokens
      tokens += count
      if (count <= room) return beforeStop(text)
      const leaving = beforeStop(takeTokens(text, room))
      if (ended !== null) return leaving
      ended = 'length'
      return leaving + held // no more comes that could complete a stop sequence
    },
    end() {
      const rest = ended === null ? held : ''
      held = ''
      return rest
    },
    endedBy: () => ended,
  }
}

/** Where the sequence begins that is complete first: whatever the pieces, the same one ends the text. */
function firstIndexOf(text: string, sequences: readonly string[]): number | undefined {
  const found = sequences.flatMap((sequence) => {
    const at = text.indexOf(sequence)
    return at < 0 ? [] : [{ at, end: at + sequence.length }]
  })
  return found.toSorted((a, b) => a.end - b.end || a.at - b.at)[0]?.at
}

/** Length of the longest end of `text` that begins one of `sequences`. */
function longestBeginning(text: string, sequences: readonly string[]): number {
  const most = Math.min(text.length, Math.max(0, ...sequences.map(({ length }) => length - 1)))
  for (let length = most; length > 0; length--) {
    const end = text.slice(-length)
    if (sequences.some((sequence) => sequence.startsWith(end))) return length
  }
  return 0
}
