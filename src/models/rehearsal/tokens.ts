import { CONJUNCTIONS, type Rank, toNorm, toRank } from './words.ts'

/** A piece of a question. `start` and `end` are offsets into the text it was cut from. */
export type Token = {
  kind: TokenKind
  text: string
  norm: string
  rank: Rank
  start: number
  end: number
}

/** `mark` is punctuation that stands alone, such as an operator; `separator` is a comma, a slash or "and". */
type TokenKind = 'word' | 'address' | 'hash' | 'number' | 'time' | 'separator' | 'mark'

/** Cuts a text into words, and recognises what has one shape wherever it stands: addresses, dotted names, numbers, dates. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (const { 0: chunk, index } of text.matchAll(/\S+/gu)) addChunk(tokens, chunk, index)
  return tokens
}

const LEADING = /^["'“”‘’«(<[{*_~`¿¡$#]+/u
const TRAILING = /["'“”‘’»)>\]}*_~`.,!?:;…]+$/u
const POSSESSIVE = /['’`]s?$/u
const SPLITTERS = /[,/&|()[\]{}=:;"]+/u

function addChunk(tokens: Token[], chunk: string, offset: number): void {
  // A chunk this long is no word of a question, and the trimming below would be slow on it.
  if (chunk.length > 300) return
  const lead = LEADING.exec(chunk)?.[0].length ?? 0
  const tail = TRAILING.exec(chunk.slice(lead))?.[0] ?? ''
  const body = chunk.slice(lead, chunk.length - tail.length)
  const start = offset + lead
  if (body !== '') addBody(tokens, body, start)
  if (tail.includes(',')) addSeparator(tokens, ',', start + body.length + tail.indexOf(','))
}

function addBody(tokens: Token[], body: string, start: number): void {
  const bare = body.replace(POSSESSIVE, '')
  const kind = toKind(bare)
  const parts = body.split(SPLITTERS)
  if (kind !== 'word') tokens.push(toToken(kind, bare, start))
  else if (body === '&' || body === '+') addSeparator(tokens, body, start)
  else if (!/[\p{L}\p{N}\p{So}]/u.test(body)) tokens.push(toToken('mark', body, start))
  else if (parts.length > 1) addParts(tokens, body, parts, start)
  else {
    const token = toToken('word', bare, start)
    tokens.push(token.norm === 'and' ? { ...token, kind: 'separator' } : token)
  }
}

function addParts(tokens: Token[], body: string, parts: readonly string[], start: number): void {
  let at = start
  for (const [index, part] of parts.entries()) {
    at = start + body.indexOf(part, at - start)
    if (index > 0 && part !== '') addSeparator(tokens, ',', at - 1)
    if (part !== '') addBody(tokens, part, at)
    at += part.length
  }
}

function addSeparator(tokens: Token[], text: string, start: number): void {
  tokens.push({ ...toToken('separator', text, start), norm: text === '&' ? 'and' : text, rank: 'filler' })
}

function toToken(kind: TokenKind, text: string, start: number): Token {
  const norm = kind === 'word' ? toNorm(text) : text.toLowerCase()
  return { kind, text, norm, rank: rankOf(kind, norm), start, end: start + text.length }
}

/** "1 of a thing" says no more than the thing. */
function rankOf(kind: TokenKind, norm: string): Rank {
  if (kind === 'mark' || norm === '1') return 'filler'
  return kind === 'word' ? toRank(norm) : 'content'
}

const NUMBER = /^(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)(?:\.\d+)?$/
const TIME = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?$/i
const NAME_LABELS = /^[^\s.,/@:()[\]{}!?"<>%$#*+=^|\\]+$/u
const LAST_LABEL = /^(?:\p{L}{2,}|[^\p{ASCII}]+)$/u

function toKind(text: string): TokenKind {
  if (/^0x[0-9a-f]{40}$/i.test(text)) return 'address'
  if (/^0x[0-9a-f]{64}$/i.test(text)) return 'hash'
  if (NUMBER.test(text)) return 'number'
  if (TIME.test(text)) return 'time'
  return isDottedName(text) ? 'address' : 'word'
}

function isDottedName(text: string): boolean {
  const labels = text.split('.')
  return labels.length > 1 && labels.every((label) => NAME_LABELS.test(label)) && LAST_LABEL.test(labels.at(-1) ?? '')
}

/** Whether a clause may be cut before this token. */
export function joinsClauses(token: Token): boolean {
  return token.kind === 'separator' || (token.kind === 'word' && CONJUNCTIONS.has(token.norm) && token.norm !== 'as')
}
