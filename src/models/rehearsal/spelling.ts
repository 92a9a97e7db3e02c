import type { Clause } from './clause.ts'
import type { PhraseBook } from './phrase-book.ts'
import type { Token } from './tokens.ts'

/** A clause with words one slip away from a word of the examples read as that word: `balence`, `pirce`. */
export function correctSpelling(clause: Clause, book: PhraseBook): Clause {
  return { ...clause, tokens: clause.tokens.map((token) => correct(token, book)) }
}

/** Shorter words have too many neighbours. */
const MIN_LENGTH = 4
const MAX_LENGTH = 24

function correct(token: Token, book: PhraseBook): Token {
  const { norm, text, kind, rank } = token
  if (kind !== 'word' || rank !== 'content' || norm.length < MIN_LENGTH || norm.length > MAX_LENGTH) return token
  // What is written in capitals, or is known as a symbol, means itself.
  if (book.knows(norm) || book.isSymbol(text) || /\p{Lu}.*\p{Lu}/u.test(text)) return token
  const meant = book.words.filter(
    (word) => word.length >= MIN_LENGTH && word[0] === norm[0] && isOneSlipAway(norm, word),
  )
  return meant[0] !== undefined && meant.length === 1 ? { ...token, norm: meant[0] } : token
}

/** One letter too many, too few or wrong, or two that changed places. */
function isOneSlipAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let endA = a.length
  let endB = b.length
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--
    endB--
  }
  const restA = a.slice(start, endA)
  const restB = b.slice(start, endB)
  const swapped = restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0]
  return swapped || Math.max(restA.length, restB.length) <= 1
}
