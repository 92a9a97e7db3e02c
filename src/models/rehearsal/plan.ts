import { type Clause, toClause } from './clause.ts'
import { followUp } from './follow-up.ts'
import { isArithmetic, matchClause } from './match.ts'
import { ANY_ADDRESS, type Memory, remember, rememberOwn } from './memory.ts'
import type { PhraseBook } from './phrase-book.ts'
import { type PlannedCall, sameCall, toCalls } from './planned-call.ts'
import { segment } from './segment.ts'
import { ownAddresses } from './self.ts'
import { toSentences } from './sentences.ts'
import { correctSpelling } from './spelling.ts'

/** What to do about a user's last message. */
export type Plan = {
  calls: readonly PlannedCall[]
  /** Questions no example is near to, and required fields that a question leaves open. */
  unmatched: readonly { question: string; missing: readonly string[] }[]
}

/** Turns before the last that a follow-up may refer to. */
const MAX_TURNS = 6
/** Read of the last message, and of each before it, counted from the end. */
const MAX_CHARACTERS = 4_000
const MAX_EARLIER_CHARACTERS = 500

/** Reads what a user asked, turn by turn, since a question may lean on the ones before it. */
export function plan(userTexts: readonly string[], book: PhraseBook): Plan {
  let conversation: Conversation = { memory: new Map(), previous: [] }
  let current: Plan = { calls: [], unmatched: [] }
  const turns = userTexts.slice(-MAX_TURNS)
  for (const [turn, text] of turns.entries()) {
    const isLast = turn === turns.length - 1
    current = { calls: [], unmatched: [] }
    for (const sentence of toSentences(text, isLast ? MAX_CHARACTERS : MAX_EARLIER_CHARACTERS)) {
      const clause = correctSpelling(toClause(sentence), book)
      const { calls, unmatched, memory } = readSentence(clause, conversation, book)
      conversation = { memory, previous: calls.length > 0 ? calls : conversation.previous }
      current = { calls: [...current.calls, ...calls], unmatched: [...current.unmatched, ...unmatched] }
    }
    // To the next message all sentences of this one are a single question.
    if (current.calls.length > 0) conversation = { ...conversation, previous: current.calls }
  }
  const calls = current.calls.filter((call, at, all) => all.findIndex((other) => sameCall(other, call)) === at)
  return { ...current, calls }
}

/** `previous` is what a follow-up changes. */
type Conversation = { memory: Memory; previous: readonly PlannedCall[] }

function readSentence(
  clause: Clause,
  { memory: before, previous }: Conversation,
  book: PhraseBook,
): Plan & { memory: Memory } {
  const addresses = clause.tokens.filter(({ kind }) => kind === 'address').map(({ text }) => text)
  const own = ownAddresses(clause)
  const memory = rememberOwn(remember(before, ANY_ADDRESS, addresses), own)
  if (own.length > 0 || isSmallTalk(clause)) return { calls: [], unmatched: [], memory }
  const context = { book, memory }
  const whole = matchClause(clause, context)
  // "10 * 3" is a question of its own, although it names nothing but numbers.
  const isOwnQuestion = whole?.isExact && isArithmetic(whole)
  const changed = isOwnQuestion ? undefined : followUp(clause, previous, { context, mayRepeatWords: false })
  if (changed !== undefined) return { calls: changed, unmatched: [], memory: rememberCalls(memory, changed) }
  const segments = segment(clause, whole, context)
  const calls = segments.flatMap((part) => (part.type === 'match' ? toCalls(part.match) : []))
  const unmatched = segments.flatMap((part) => (part.type === 'unmatched' ? [part] : []))
  if (calls.length === 0) {
    const repeated = followUp(clause, previous, { context, mayRepeatWords: true })
    if (repeated !== undefined) return { calls: repeated, unmatched: [], memory: rememberCalls(memory, repeated) }
    const missing = unmatched.find((part) => part.missing.length > 0)?.missing ?? []
    return { calls: [], unmatched: [{ question: clause.text, missing }], memory }
  }
  return { calls, unmatched, memory: rememberCalls(memory, calls) }
}

/** Greetings and thanks ask nothing. */
function isSmallTalk({ tokens }: Clause): boolean {
  return tokens.every(({ rank, kind }) => rank !== 'content' || kind === 'mark')
}

function rememberCalls(memory: Memory, calls: readonly PlannedCall[]): Memory {
  const fields = new Map(calls.flatMap(({ tool }) => tool.fields.map((field) => [field.name, field] as const)))
  return [...fields.values()].reduce(
    (kept, field) =>
      remember(
        kept,
        field,
        calls.flatMap(({ args }) => args[field.name] ?? []),
      ),
    memory,
  )
}
