import { countTokens } from './count-tokens.ts'

export type HoldBack = {
  /** Takes the next piece of a step's text; returns what may leave now, or ''. */
  push(text: string): string
  /** What is still held, once the step has proved to be an answer. */
  release(): string
}

/**
 * Keeps the first `tokens` tokens of a step back, because a model often writes a preamble ("Let me check…") before
 * it calls a tool, and what has left cannot be taken back. Once more than that has come, the step counts as an
 * answer and streams live.
 */
export function createHoldBack(tokens: number): HoldBack {
  let held = ''
  let heldTokens = 0
  let open = tokens === 0
  const release = () => {
    const text = held
    held = ''
    return text
  }
  return {
    push(text) {
      if (open || text === '') return text
      held += text
      heldTokens += countTokens(text)
      open = heldTokens >= tokens
      return open ? release() : ''
    },
    release,
  }
}
