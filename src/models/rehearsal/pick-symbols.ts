import type { Clause } from './clause.ts'
import type { PhraseBook } from './phrase-book.ts'
import { symbolStrength } from './spans.ts'

export type SymbolSearch = {
  /** Indices of words that nothing else has explained. */
  open: readonly number[]
  /** Indices of the template's fixed words. */
  matched: readonly number[]
  /** Whether the template has a place for symbols: only then may a word be one by its place. */
  isSlot: boolean
  /** Indices of words that may be a symbol or a word of a vocabulary. */
  aliases: readonly number[]
}

/** Indices of the words that are symbols: all that surely are, else those right beside the template's fixed words. */
export function pickSymbols(
  clause: Clause,
  { open, matched, isSlot, aliases }: SymbolSearch,
  book: PhraseBook,
): number[] {
  const strengthOf = (at: number) => {
    const token = clause.tokens[at]
    return token && symbolStrength(token, clause, book)
  }
  const clear = open.filter((at) => strengthOf(at) === 'strong')
  // "ETH" beside a clear symbol is one more; "arb" there is a place.
  const sure = [
    ...clear,
    ...aliases.filter((at) => clear.length === 0 || /^\p{Lu}+$/u.test(clause.tokens[at]?.text ?? '')),
  ]
  const loose = isSlot ? open.filter((at) => strengthOf(at) === 'loose') : []
  const picked = sure.length > 0 ? sure : loose.filter((at) => matched.some((word) => isBeside(clause, at, word)))
  return withNeighbours(clause, picked, loose)
}

/** Grows a pick by candidates that "and" or a comma joins to it. */
function withNeighbours({ tokens }: Clause, picked: readonly number[], candidates: readonly number[]): number[] {
  const all = new Set(picked)
  for (const step of [1, -1]) {
    const ordered = step === 1 ? candidates : candidates.toReversed()
    for (const at of ordered) {
      let other = at - step
      if (tokens[other]?.kind !== 'separator') continue
      while (tokens[other]?.kind === 'separator') other -= step
      if (all.has(other)) all.add(at)
    }
  }
  return [...all].sort((a, b) => a - b)
}

function isBeside({ tokens }: Clause, a: number, b: number): boolean {
  const between = tokens.slice(Math.min(a, b) + 1, Math.max(a, b))
  return between.every(({ rank, kind }) => rank === 'filler' && kind === 'word')
}
