/**
 * Tokens of a piece of streamed text. Backends send about one a piece, so a piece counts as one at least; a longer piece is
 * counted by its words and marks.
 */
export function countTokens(piece: string): number {
  return Math.max(1, piece.match(WORD_OR_MARK)?.length ?? 0)
}

/** The beginning of `piece` that is `count` tokens, with the blanks that lead to the next. */
export function takeTokens(piece: string, count: number): string {
  if (count <= 0) return ''
  let taken = 0
  for (const { index } of piece.matchAll(WORD_OR_MARK)) if (taken++ === count) return piece.slice(0, index)
  return piece
}

const WORD_OR_MARK = /[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu
