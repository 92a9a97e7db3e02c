import { align } from './align.ts'
import type { Clause } from './clause.ts'
import type { Field } from './fields.ts'
import { gather } from './gather.ts'
import { ANY_ADDRESS, type Memory, recall, recallOwn } from './memory.ts'
import type { PhraseBook, Template, ToolPhrases } from './phrase-book.ts'
import type { SpanContext } from './spans.ts'
import type { Token } from './tokens.ts'
import { FIRST_PERSON, PLURAL_PRONOUNS, PRONOUNS, SUBJECTS } from './words.ts'

/** A clause read as a use of one tool. `missing` are required fields that neither clause nor memory can fill. */
export type Match = {
  tool: ToolPhrases
  call: Readonly<Record<string, unknown>>
  values: ReadonlyMap<string, readonly unknown[]>
  missing: readonly string[]
  score: number
  /** Every word is accounted for, in the order of the example. */
  isExact: boolean
  /** A value comes from memory, so others may have to come from the same place. */
  borrows: boolean
  /** The example has words of its own, not slots alone. */
  hasWords: boolean
}

export type MatchContext = { book: PhraseBook; memory: Memory }

/**
 * The best reading of a clause by the examples of all tools; undefined where none is near enough. "How much does it hold?"
 * is read as it stands, and with what "it" means in its place.
 */
export function matchClause(clause: Clause, context: MatchContext): Match | undefined {
  const plain = readClause(clause, context)
  const meant = withReferent(clause, context.memory)
  const direct = meant && readClause(meant, context)
  if (direct === undefined || direct.missing.length > 0 || direct.score <= (plain?.score ?? 0)) return plain
  return { ...direct, borrows: true }
}

/** The clause with the address that was spoken of last in place of its first pronoun; undefined without either. */
function withReferent(clause: Clause, memory: Memory): Clause | undefined {
  const referent = recall(memory, ANY_ADDRESS)?.at(-1)
  const at = clause.tokens.findIndex(({ norm }) => SUBJECTS.has(norm))
  if (typeof referent !== 'string' || at < 0) return undefined
  const tokens = clause.tokens.map(
    (token, index): Token => (index === at ? { ...token, kind: 'address', text: referent, rank: 'content' } : token),
  )
  return { ...clause, tokens }
}

function readClause(clause: Clause, context: MatchContext): Match | undefined {
  if (clause.tokens.length === 0) return undefined
  const norms = new Set(clause.tokens.map(({ norm }) => norm))
  const matches = context.book.tools.flatMap((tool) =>
    tool.templates.flatMap((template) => matchTemplate(clause, norms, tool, template, context) ?? []),
  )
  const complete = best(matches.filter(({ missing }) => missing.length === 0))
  const incomplete = best(
    matches.filter(({ missing, score }) => missing.length > 0 && score >= NEAR_ENOUGH_TO_ASK_BACK),
  )
  if (complete === undefined || incomplete === undefined) return complete ?? incomplete
  return incomplete.score > complete.score + CLEARLY ? incomplete : complete
}

/** Whether a match rests on an expression, which is a question without any words. */
export function isArithmetic({ tool, values }: Match): boolean {
  return tool.fields.some(({ kinds, name }) => kinds.has('expression') && values.has(name))
}

const EXACT = 2
const NEAR = 0.55
/** Asking back is for questions that are surely meant for a tool. */
const NEAR_ENOUGH_TO_ASK_BACK = 0.7
const CLEARLY = 0.2

function matchTemplate(
  clause: Clause,
  norms: ReadonlySet<string>,
  tool: ToolPhrases,
  template: Template,
  context: MatchContext,
): Match | undefined {
  const { book } = context
  const span: SpanContext = { book, tool }
  const aligned = template.words.every(({ norm }) => norms.has(norm)) ? align(clause, template, span) : undefined
  if (aligned !== undefined) {
    const specificity = sum(template.words.map((word) => book.weight(word)))
    const likeness = template.allWords.filter((norm) => norms.has(norm)).length / Math.max(1, template.allWords.length)
    const score =
      EXACT + specificity * 0.1 + likeness * 0.05 + template.slots.length * 0.01 - (aligned.isLoose ? 0.3 : 0)
    return toMatch(clause, tool, template, { ...aligned, score, isExact: !aligned.isLoose }, context)
  }
  const near = scoreByWords(clause, norms, template, span)
  return near && toMatch(clause, tool, template, { ...near, isExact: false }, context)
}

function scoreByWords(
  clause: Clause,
  norms: ReadonlySet<string>,
  template: Template,
  context: SpanContext,
): { values: ReadonlyMap<string, readonly unknown[]>; score: number } | undefined {
  const { book, tool } = context
  const shared = template.words.filter(({ norm }) => norms.has(norm))
  if (shared.length === 0 || template.slots.some(({ kinds }) => kinds.has('text'))) return undefined
  const matchedWeight = sum(shared.map((word) => book.weight(word)))
  const coverage = matchedWeight / sum(template.words.map((word) => book.weight(word)))
  // "how much" says little by itself, and "have" with a value for every slot says enough.
  const isWeak = shared.every(({ rank }) => rank === 'weak')
  if (coverage < (isWeak ? 1 : 0.4) && !(isWeak && norms.has('have'))) return undefined

  const { values, leftOver, homeless } = gather(clause, template, context)
  if (isWeak && template.slots.some(({ name }) => !values.has(name))) return undefined
  if (isWeak && coverage < 1)
    return template.slots.length > 1 && leftOver.length === 0 ? { values, score: NEAR } : undefined

  const weightOf = (at: number) => {
    const token = clause.tokens[at]
    return token === undefined ? 0 : book.weight(token)
  }
  // "On solana": a place that no field knows is no reason to answer for another.
  const isElsewhere = leftOver.some((at) => clause.tokens[at - 1]?.norm === 'on')
  if (isElsewhere && tool.fields.some(({ kinds, name }) => kinds.has('words') && !values.has(name))) return undefined
  const familiar = leftOver.filter((at) => tool.vocabulary.has(clause.tokens[at]?.norm ?? ''))
  const familiarWeight = sum(familiar.map(weightOf))
  const strangeWeight = sum(leftOver.filter((at) => !familiar.includes(at)).map(weightOf))
  const explained = (matchedWeight + 0.7 * familiarWeight) / (matchedWeight + familiarWeight + strangeWeight)
  if (explained < 0.45) return undefined

  const emptySlots = template.slots.filter(({ name }) => !values.has(name)).length
  const extras = values.size - (template.slots.length - emptySlots)
  const score = 0.5 * coverage + 0.5 * explained - 0.05 * emptySlots - 0.02 * extras - 0.25 * homeless
  return score < NEAR ? undefined : { values, score }
}

function toMatch(
  clause: Clause,
  tool: ToolPhrases,
  template: Template,
  found: { values: ReadonlyMap<string, readonly unknown[]>; score: number; isExact: boolean },
  { memory }: MatchContext,
): Match {
  const values = new Map(found.values)
  const norms = new Set(clause.tokens.map(({ norm }) => norm))
  const pointsBack = [...norms].some((norm) => PRONOUNS.has(norm))
  const meansOne = pointsBack && ![...norms].some((norm) => PLURAL_PRONOUNS.has(norm))
  const isOwn = [...norms].some((norm) => FIRST_PERSON.has(norm)) || (norms.has('i') && !pointsBack)
  const missing: string[] = []
  let borrows = norms.has(THERE)
  for (const field of tool.fields) {
    if (values.has(field.name) || Object.hasOwn(template.call, field.name)) continue
    const isMeant = field.kinds.has('address')
      ? pointsBack && template.slots.includes(field)
      : isPlace(field, norms, pointsBack)
    if (!field.required && !isMeant) continue
    const remembered = isOwn ? recallOwn(memory, field) : recall(memory, field)
    if (remembered !== undefined) {
      values.set(field.name, meansOne ? remembered.slice(-1) : remembered)
      borrows = true
    } else if (field.required) missing.push(field.name)
  }
  return { ...found, tool, call: template.call, values, missing, borrows, hasWords: template.words.length > 0 }
}

/** "There" means the vocabulary word that was said last, and "its balance" is asked of the same place as well. */
function isPlace({ kinds }: Field, norms: ReadonlySet<string>, pointsBack: boolean): boolean {
  return kinds.has('words') && (norms.has(THERE) || pointsBack)
}

const THERE = 'there'

/** The first of the highest, so that ties follow the order of the tools and of their examples. */
function best(matches: readonly Match[]): Match | undefined {
  return matches.reduce<Match | undefined>(
    (kept, match) => (kept === undefined || match.score > kept.score + 1e-9 ? match : kept),
    undefined,
  )
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
