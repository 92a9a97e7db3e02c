import { readArithmetic } from './arithmetic.ts'
import type { Clause } from './clause.ts'
import { type Field, type FieldKind, toWordKey } from './fields.ts'
import { nameWords, type PhraseBook, type ToolPhrases } from './phrase-book.ts'
import { readTimePhrase } from './time-phrase.ts'
import type { Token } from './tokens.ts'

/** Words of a clause that a field can be filled with, up to token `end`. */
export type Span = { end: number; values: readonly unknown[]; strength: Strength }

/** `loose` is a word that could be a symbol and could be anything. */
export type Strength = 'strong' | 'loose'

export type SpanContext = { book: PhraseBook; tool: ToolPhrases }

/** The ways to fill `field` with one value from token `at` on, the longest first. */
export function spansAt(clause: Clause, at: number, field: Field, context: SpanContext): Span[] {
  return [...field.kinds].flatMap((kind) => READERS[kind](clause, at, field, context))
}

/** Like {@link spansAt}, and several values in a row: "alice.eth, bob.eth and carol.eth". */
export function listSpansAt(clause: Clause, at: number, field: Field, context: SpanContext): Span[] {
  const found = spansAt(clause, at, field, context)
  const first = found[0]
  if (first === undefined || field.kinds.has('text') || field.kinds.has('expression')) return found
  const spans: Span[] = []
  let whole = first
  while (whole.values.length < MAX_LIST) {
    const next = skipSeparators(clause, whole.end)
    const item = next > whole.end ? spansAt(clause, next, field, context)[0] : undefined
    if (item === undefined) break
    spans.unshift(whole)
    whole = {
      end: item.end,
      values: [...whole.values, ...item.values],
      strength: whole.strength === 'strong' && item.strength === 'strong' ? 'strong' : 'loose',
    }
  }
  return [whole, ...spans, ...found.slice(1)]
}

const PLACE: ReadonlySet<string> = new Set(['on', 'at', 'via', 'over'])

const MAX_LIST = 20
const MAX_WORD_PARTS = 4
const MAX_TEXT_TOKENS = 16

type Reader = (clause: Clause, at: number, field: Field, context: SpanContext) => Span[]

const READERS: Readonly<Record<FieldKind, Reader>> = {
  address: ({ tokens }, at) => {
    const token = tokens[at]
    return token?.kind === 'address' ? [strong(at + 1, token.text)] : []
  },
  hash: ({ tokens }, at) => {
    const token = tokens[at]
    return token?.kind === 'hash' ? [strong(at + 1, token.text)] : []
  },
  number: ({ tokens }, at) => {
    const token = tokens[at]
    if (token?.kind !== 'number') return []
    const plain = token.text.replaceAll(/[,_]/g, '')
    const value = Number(plain)
    return [strong(at + 1, Number.isSafeInteger(value) || plain.includes('.') ? value : plain)]
  },
  time: (clause, at) => {
    const token = clause.tokens[at]
    const phrase = token === undefined ? undefined : readTimePhrase(clause.text, token.start)
    return phrase === undefined ? [] : [strong(tokenAfter(clause, at, phrase.end), phrase.value)]
  },
  words: ({ tokens }, at, field) => {
    for (let length = Math.min(MAX_WORD_PARTS, tokens.length - at); length > 0; length--) {
      const parts = tokens.slice(at, at + length)
      const key = toWordKey(parts.map(({ text }) => text).join(' '))
      if (field.words.has(key) && readsAsWords(parts, tokens[at - 1], field))
        return [strong(at + length, field.words.get(key))]
    }
    return []
  },
  symbol: (clause, at, _field, { book, tool }) => {
    const token = clause.tokens[at]
    // "on eth" is a place, not a thing.
    const isPlace = PLACE.has(clause.tokens[at - 1]?.norm ?? '')
    if (isPlace && tool.fields.some(({ words }) => words.has(token?.text.toLowerCase() ?? ''))) return []
    const strength = token === undefined ? undefined : symbolStrength(token, clause, book)
    if (token === undefined || strength === undefined) return []
    return [{ end: at + 1, values: [book.spell(token.text)], strength }]
  },
  expression: (clause, at, _field, { tool }) => {
    const token = clause.tokens[at]
    const found = token && readArithmetic(clause.text, token.start, (word) => tool.describedBy.has(word))
    return found === undefined
      ? []
      : [strong(tokenAfter(clause, at, found.end), clause.text.slice(found.start, found.end).trim())]
  },
  text: (clause, at) => {
    const last = Math.min(clause.tokens.length, at + MAX_TEXT_TOKENS)
    return Array.from({ length: Math.max(0, last - at) }, (_, back): Span => {
      const end = last - back
      return { end, values: [textBetween(clause, at, end)], strength: 'loose' }
    })
  },
}

/** How surely a word is a symbol: by capitals or by being known, else perhaps, as long as no example uses it as a word. */
export function symbolStrength(token: Token, { casesTell }: Clause, book: PhraseBook): Strength | undefined {
  if (token.kind === 'address') return token.text.startsWith('0x') ? 'strong' : undefined
  if (token.kind !== 'word' || token.rank !== 'content' || !SYMBOL.test(token.text)) return undefined
  const listed = book.isSymbol(token.text)
  const known = book.knows(token.norm)
  if (listed) return known && !(casesTell && hasCapitals(token.text)) ? 'loose' : 'strong'
  if (known) return undefined
  return casesTell && hasCapitals(token.text) ? 'strong' : 'loose'
}

const SYMBOL = /^[\p{L}\p{N}][\p{L}\p{N}\p{Sc}.+-]{0,19}$/u

function hasCapitals(text: string): boolean {
  return /\p{Lu}.*\p{Lu}/u.test(text) || /\d\p{Lu}/u.test(text)
}

function readsAsWords(parts: readonly Token[], before: Token | undefined, field: Field): boolean {
  if (parts.every(({ rank }) => rank === 'filler')) return false
  // A vocabulary may hold ids: "10" is a value of its field only where the field is named before it.
  if (parts.every(({ kind }) => kind === 'number'))
    return before !== undefined && nameWords(field.name).includes(before.norm)
  return parts.every(({ kind }) => kind === 'word' || kind === 'number' || kind === 'time')
}

function strong(end: number, value: unknown): Span {
  return { end, values: [value], strength: 'strong' }
}

function skipSeparators({ tokens }: Clause, at: number): number {
  let next = at
  while (tokens[next]?.kind === 'separator') next++
  return next
}

function tokenAfter({ tokens }: Clause, at: number, offset: number): number {
  let next = at + 1
  while ((tokens[next]?.start ?? offset) < offset) next++
  return next
}

function textBetween({ text, tokens }: Clause, start: number, end: number): string {
  return text.slice(tokens[start]?.start ?? 0, tokens[end - 1]?.end ?? 0)
}
