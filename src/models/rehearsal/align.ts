import type { Clause } from './clause.ts'
import type { Field } from './fields.ts'
import { nameWords, type Template } from './phrase-book.ts'
import { listSpansAt, type SpanContext, type Strength, symbolStrength } from './spans.ts'
import { PREPOSITIONS } from './words.ts'

/** The values a clause gives to fields, by field name. `isLoose` where one of them is a guess. */
export type Filling = { values: ReadonlyMap<string, readonly unknown[]>; isLoose: boolean }

/**
 * Lays a template over a clause, word by word and slot by slot. Fillers may stand anywhere, and so may values for fields
 * that the template does not name ("… on base"); any other word left over means the clause asks something else.
 */
export function align(clause: Clause, template: Template, context: SpanContext): Filling | undefined {
  const { tokens } = clause
  const { parts } = template
  const failed = new Set<number>()
  const allowsLoose = template.words.length > 0
  const allowsText = template.words.some(({ rank }) => rank === 'content')
  const takesSymbols = context.tool.fields.some(({ kinds }) => kinds.has('symbol'))
  const extraFields = context.tool.fields.filter((field) => isExtra(field) && !template.slots.includes(field))

  function place(part: number, at: number, filling: Filling): Filling | undefined {
    const key = part * (tokens.length + 1) + at
    if (failed.has(key)) return undefined
    const found = placePart(part, at, filling) ?? placeExtra(part, at, filling) ?? skip(part, at, filling)
    if (found === undefined) failed.add(key)
    return found
  }

  function placePart(part: number, at: number, filling: Filling): Filling | undefined {
    const current = parts[part]
    if (current === undefined) return at >= tokens.length ? filling : undefined
    if (current.type === 'word') {
      return tokens[at]?.norm === current.token.norm ? place(part + 1, at + 1, filling) : undefined
    }
    const isText = current.field.kinds.has('text')
    if (current.field.kinds.has('words') && mayBeSymbol(at)) return undefined
    for (const { end, values, strength } of listSpansAt(clause, at, current.field, context)) {
      if (strength === 'loose' && !(isText ? allowsText : allowsLoose)) continue
      const rest = place(part + 1, end, fill(filling, current.field, values, strength))
      if (rest !== undefined) return rest
    }
    return undefined
  }

  function placeExtra(part: number, at: number, filling: Filling): Filling | undefined {
    for (const field of extraFields) {
      const nameLength = field.kinds.has('number') && nameWords(field.name).includes(tokens[at]?.norm ?? '') ? 1 : 0
      if (field.kinds.has('number') && nameLength === 0) continue
      for (const { end, values, strength } of listSpansAt(clause, at + nameLength, field, context)) {
        const rest = mayBeSymbol(at) ? undefined : place(part, end, fill(filling, field, values, strength))
        if (rest !== undefined) return rest
      }
    }
    return undefined
  }

  /** "ETH" is a chain as well, but not where the tool asks for symbols and no "on" stands before it. */
  function mayBeSymbol(at: number): boolean {
    const token = tokens[at]
    if (!takesSymbols || token === undefined || PREPOSITIONS.has(tokens[at - 1]?.norm ?? '')) return false
    return context.book.isSymbol(token.text) && symbolStrength(token, clause, context.book) !== undefined
  }

  function skip(part: number, at: number, filling: Filling): Filling | undefined {
    const token = tokens[at]
    if (token === undefined) return undefined
    const isPunctuation = token.kind === 'separator' || token.kind === 'mark'
    const isSilent = isPunctuation || token.rank === 'filler' || template.mentions.has(token.norm)
    return isSilent ? place(part, at + 1, filling) : undefined
  }

  return place(0, 0, { values: new Map(), isLoose: false })
}

function isExtra({ kinds }: Field): boolean {
  return !kinds.has('symbol') && !kinds.has('text') && !kinds.has('expression')
}

function fill({ values, isLoose }: Filling, { name }: Field, found: readonly unknown[], strength: Strength): Filling {
  return {
    values: new Map([...values, [name, [...(values.get(name) ?? []), ...found]]]),
    isLoose: isLoose || strength === 'loose',
  }
}
