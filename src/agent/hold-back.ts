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
      if (open) return text
      held += text
      heldTokens += countTokens(text)
      open = heldTokens >= tokens
      return open ? release() : ''
    },
    release,
  }
}

/**
 * Backends send about one token a piece; a longer piece is counted by its words and marks. Counting low would delay
 * a plain answer, so a piece counts as one token at least.
 */
function countTokens(piece: string): number {
  return Math.max(1, piece.match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)?.length ?? 0)
}
