import type { Clause } from './clause.ts'
import type { Field } from './fields.ts'
import { nameWords, type Template, type ToolPhrases } from './phrase-book.ts'
import { pickSymbols } from './pick-symbols.ts'
import { type Span, type SpanContext, spansAt } from './spans.ts'
import { PREPOSITIONS } from './words.ts'

/** What a clause holds for a template when word order is no help: values by field name, and what nothing explains. */
export type Gathering = {
  values: ReadonlyMap<string, readonly unknown[]>
  /** Indices of words that neither template nor fields explain. */
  leftOver: readonly number[]
  /** Addresses and hashes that no field could take. */
  homeless: number
}

/** Sorts the words of a clause into fixed words of the template, values for the tool's fields, and the rest. */
export function gather(clause: Clause, template: Template, context: SpanContext): Gathering {
  const { tokens } = clause
  const fixed = new Set(template.words.map(({ norm }) => norm))
  const fields = inOrder(template, context.tool)
  const symbolField = fields.find(({ kinds }) => kinds.has('symbol'))
  const values = new Map<string, unknown[]>()
  const matched: number[] = []
  const open: number[] = []
  const ambiguous: Ambiguous[] = []
  const symbols: number[] = []
  let homeless = 0

  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at]
    if (token === undefined) break
    const isFixed = token.kind === 'word' && fixed.has(token.norm)
    const found =
      isFixed || template.mentions.has(token.norm)
        ? undefined
        : firstSpan(clause, at, fields, values, template, context)
    if (isFixed) matched.push(at)
    else if (found === undefined && token.rank !== 'filler' && !template.mentions.has(token.norm)) open.push(at)
    if (found === undefined && (token.kind === 'address' || token.kind === 'hash')) homeless++
    if (found !== undefined && symbolField !== undefined && mayBeSymbol(clause, at, found))
      ambiguous.push({ at, ...found })
    else if (found !== undefined) add(values, found.field, found.span.values)
    at = found?.span.end ?? at + 1
  }

  const isSlot = symbolField !== undefined && template.slots.includes(symbolField)
  const spell = (at: number) => context.book.spell(tokens[at]?.text ?? '')
  if (symbolField !== undefined && !values.has(symbolField.name)) {
    const aliases = isSlot ? ambiguous.filter((word) => isAlias(clause, word)).map(({ at }) => at) : []
    symbols.push(...pickSymbols(clause, { open, matched, isSlot, aliases }, context.book))
    if (symbols.length > 0) add(values, symbolField, symbols.map(spell))
  }
  for (const { at, field, span } of ambiguous.filter((word) => !symbols.includes(word.at))) {
    // A full name ("ethereum") is a symbol only where one cannot be missing.
    const isSymbol = isSlot && symbolField.required && !values.has(symbolField.name)
    if (isSymbol) add(values, symbolField, [spell(at)])
    else add(values, field, span.values)
  }
  return { values, leftOver: open.filter((at) => !symbols.includes(at)), homeless }
}

/** A word that is both a word of a vocabulary and a possible symbol: settled once the rest is known. */
type Ambiguous = { at: number; field: Field; span: Span }

function mayBeSymbol({ tokens }: Clause, at: number, { field, span }: { field: Field; span: Span }): boolean {
  return field.kinds.has('words') && span.end === at + 1 && !PREPOSITIONS.has(tokens[at - 1]?.norm ?? '')
}

/** A short name ("eth" for ethereum) is the symbol of something as well. */
function isAlias({ tokens }: Clause, { at, span }: Ambiguous): boolean {
  return span.values[0] !== tokens[at]?.text.toLowerCase()
}

function add(values: Map<string, unknown[]>, { name }: Field, found: readonly unknown[]): void {
  values.set(name, [...(values.get(name) ?? []), ...found])
}

function inOrder({ slots }: Template, { fields }: ToolPhrases): Field[] {
  return [...slots, ...fields.filter((field) => !slots.includes(field))]
}

function firstSpan(
  clause: Clause,
  at: number,
  fields: readonly Field[],
  values: ReadonlyMap<string, unknown>,
  template: Template,
  context: SpanContext,
): { field: Field; span: Span } | undefined {
  const token = clause.tokens[at]
  const before = clause.tokens[at - 1]?.norm ?? ''
  const found = fields.flatMap((field) => {
    if (field.kinds.has('text')) return []
    const isSlot = template.slots.includes(field)
    const span = spansAt(clause, at, field, context).find(({ strength }) => strength === 'strong')
    // Symbols that are words wait until all else has its place.
    if (span === undefined || (field.kinds.has('symbol') && token?.kind === 'word')) return []
    // A number says nothing of what it counts, unless the example expects one or the field is named before it.
    if (token?.kind === 'number' && !isSlot && !nameWords(field.name).includes(before)) return []
    if (field.kinds.has('expression') && !isSlot) return []
    return [{ field, span }]
  })
  // Two fields of one kind share what there is: the second value goes to the one still empty.
  return found.find(({ field }) => !values.has(field.name)) ?? found[0]
}
