import type { Clause } from './clause.ts'
import { gather } from './gather.ts'
import type { Template } from './phrase-book.ts'
import { type PlannedCall, toCalls } from './planned-call.ts'
import { type SpanContext, symbolStrength } from './spans.ts'

export type FollowUpOptions = {
  context: Omit<SpanContext, 'tool'>
  /** Whether words of the earlier question may be repeated: "and its figure on base?". */
  mayRepeatWords: boolean
}

/**
 * Reads a clause that changes a part of the question before it ("and on base?", "what about bob.eth?"):
 * the earlier calls with what the clause names in place of what they had. Undefined where it names nothing that fits.
 */
export function followUp(
  clause: Clause,
  previous: readonly PlannedCall[],
  { context, mayRepeatWords }: FollowUpOptions,
): PlannedCall[] | undefined {
  const calls = previous.flatMap((call) => change(clause, call, { ...context, tool: call.tool }, mayRepeatWords))
  return calls.length === 0 ? undefined : calls
}

function change(
  clause: Clause,
  { tool, args }: PlannedCall,
  context: SpanContext,
  mayRepeatWords: boolean,
): PlannedCall[] {
  const everyField: Template = {
    parts: [],
    words: [],
    mentions: new Set(),
    allWords: [],
    slots: tool.fields,
    call: {},
    ask: '',
  }
  const { values, leftOver, homeless } = gather(clause, everyField, context)
  if (homeless > 0) return []
  const symbols = tool.fields.find(({ kinds, name }) => kinds.has('symbol') && !values.has(name))
  const guesses = symbols === undefined ? [] : guessSymbols(clause, leftOver, context)
  if (symbols !== undefined && guesses.length > 0) {
    const all = new Map([
      ...values,
      [symbols.name, guesses.map((at) => context.book.spell(clause.tokens[at]?.text ?? ''))],
    ])
    return toCalls({ tool, call: args, values: all })
  }
  const strange = leftOver.filter((at) => !mayRepeatWords || !tool.vocabulary.has(clause.tokens[at]?.norm ?? ''))
  return values.size === 0 || strange.length > 0 ? [] : toCalls({ tool, call: args, values })
}

const LEADS = /^(?:and|what about|how about|also|same for|in|for|or|now)\b/i

/** After "and" or "what about", a word that no example uses is a symbol in lower case; several are where commas or "and" join them. */
function guessSymbols(clause: Clause, leftOver: readonly number[], { book }: SpanContext): readonly number[] {
  const { tokens, text } = clause
  const areSymbols = leftOver.every((at) => {
    const token = tokens[at]
    return token !== undefined && symbolStrength(token, clause, book) !== undefined
  })
  const areJoined = leftOver.slice(1).every((at, index) => {
    const between = tokens.slice((leftOver[index] ?? 0) + 1, at)
    return between.length > 0 && between.every(({ kind }) => kind === 'separator')
  })
  return LEADS.test(text.slice(tokens[0]?.start ?? 0)) && areSymbols && areJoined ? leftOver : []
}
