import type { ToolDefinition, ToolExample } from '../../messages.ts'
import { type Field, toFields, toWordKey, type Vocabularies } from './fields.ts'
import { type Token, tokenize } from './tokens.ts'
import { toNorm, toRank } from './words.ts'

/** All that the offered tools say of the questions they answer. */
export type PhraseBook = {
  tools: readonly ToolPhrases[]
  /** How telling a word is: one that few tools use weighs more, one that none uses weighs most. */
  weight(token: Token): number
  /** Whether a word stands in any example, so that it is no symbol by accident. */
  knows(norm: string): boolean
  /** All words that stand in examples. */
  words: readonly string[]
  /** Whether a word is a symbol by the examples or by a vocabulary. */
  isSymbol(text: string): boolean
  /** A symbol as its vocabulary has it, or as it was written where it has none. */
  spell(text: string): string
}

export type ToolPhrases = {
  definition: ToolDefinition
  fields: readonly Field[]
  templates: readonly Template[]
  /** Every word of its examples and of its field names. */
  vocabulary: ReadonlySet<string>
  /** Every word it is described with, fillers apart. */
  describedBy: ReadonlySet<string>
}

/** An example, cut into fixed words and slots; filler words are left out. */
export type Template = {
  parts: readonly TemplatePart[]
  words: readonly Token[]
  /** Symbols the example names in passing: they may stand in a question, and need not. */
  mentions: ReadonlySet<string>
  /** Fillers too, to tell examples apart that differ in nothing else. */
  allWords: readonly string[]
  slots: readonly Field[]
  /** What the example calls with where the question says nothing else. */
  call: Readonly<Record<string, unknown>>
  ask: string
}

type TemplatePart = { type: 'word'; token: Token } | { type: 'slot'; field: Field }

export function createPhraseBook(definitions: readonly ToolDefinition[], vocabularies: Vocabularies): PhraseBook {
  const listed = new Map([...(vocabularies.token ?? []), ...(vocabularies.symbol ?? [])])
  const symbols = new Set([
    ...listed.keys(),
    ...collectAliases(vocabularies),
    ...collectSymbols(definitions, vocabularies),
  ])
  const isSymbol = (text: string) => symbols.has(text.toLowerCase())
  const tools = definitions.map((definition) => toToolPhrases(definition, vocabularies, isSymbol))
  const toolsByWord = new Map<string, number>()
  for (const { templates } of tools) {
    // "what does it cost to send ETH?" does not make ETH a word.
    const words = templates.flatMap((template) => template.words.filter(({ text }) => !isSymbol(text)))
    const norms = new Set(words.map(({ norm }) => norm))
    for (const norm of norms) toolsByWord.set(norm, (toolsByWord.get(norm) ?? 0) + 1)
  }
  const strangeness = Math.log(1 + tools.length)
  return {
    tools,
    weight({ norm, rank }) {
      if (rank === 'filler') return 0
      const known = toolsByWord.get(norm)
      const weight = known === undefined ? 0.8 * strangeness : Math.log(1 + tools.length / known)
      return rank === 'weak' ? weight * 0.3 : weight
    },
    knows: (norm) => toolsByWord.has(norm),
    words: [...toolsByWord.keys()],
    isSymbol,
    spell: (text) => listed.get(text.toLowerCase()) ?? text,
  }
}

function toToolPhrases(
  definition: ToolDefinition,
  vocabularies: Vocabularies,
  isSymbol: PhraseBook['isSymbol'],
): ToolPhrases {
  const fields = toFields(definition.parameters, vocabularies)
  const templates = (definition.examples ?? []).map((example) => toTemplate(example, fields, isSymbol))
  const described = `${definition.description} ${JSON.stringify(definition.parameters)} ${templates.map(({ ask }) => ask).join(' ')}`
  return {
    definition,
    fields,
    templates,
    vocabulary: new Set([
      ...templates.flatMap(({ words }) => words.map(({ norm }) => norm)),
      ...fields.flatMap(({ name }) => nameWords(name)),
    ]),
    describedBy: new Set((described.toLowerCase().match(/\p{L}+/gu) ?? []).filter((word) => toRank(word) !== 'filler')),
  }
}

/** The words of a field's name: `atBlock` → at, block. */
export function nameWords(name: string): string[] {
  return name
    .split(/(?=[A-Z])|[_\s-]/)
    .filter((word) => word !== '')
    .map(toNorm)
}

const SLOT = /\{([A-Za-z_]\w*)\}/

function toTemplate(example: ToolExample, fields: readonly Field[], isSymbol: PhraseBook['isSymbol']): Template {
  const call = new Map(Object.entries(example.call ?? {}))
  const parts: TemplatePart[] = []
  for (const [index, piece] of example.ask.split(SLOT).entries()) {
    const field = index % 2 === 1 ? fields.find(({ name }) => name === piece) : undefined
    if (field !== undefined) parts.push({ type: 'slot', field })
    else parts.push(...toParts(piece, fields, call, isSymbol))
  }
  const isMention = (part: TemplatePart) => part.type === 'word' && isSymbol(part.token.text)
  // A word that is all there is to the example is no mention: "TVL of {protocol}".
  const hasMore = parts.some((part) => part.type === 'word' && part.token.rank === 'content' && !isMention(part))
  const mentioned = hasMore ? parts.filter(isMention) : []
  const kept = parts.filter((part) => !mentioned.includes(part))
  const mentions = new Set(mentioned.flatMap((part) => (part.type === 'word' ? [part.token.norm] : [])))
  const slots = kept.flatMap((part) => (part.type === 'slot' ? [part.field] : []))
  const words = kept.flatMap((part) => (part.type === 'word' ? [part.token] : []))
  const allWords = tokenize(example.ask.replaceAll(/\{\w*\}/g, ' ')).map(({ norm }) => norm)
  return { parts: kept, words, mentions, allWords, slots, call: Object.fromEntries(call), ask: example.ask }
}

/** Fixed words; one that the example's own call repeats is a value somebody else may ask with another: it becomes a slot. */
function toParts(
  text: string,
  fields: readonly Field[],
  call: Map<string, unknown>,
  isSymbol: PhraseBook['isSymbol'],
): TemplatePart[] {
  return tokenize(text.replace(/^['’]s\b/, '')).flatMap((token): TemplatePart[] => {
    const field = fields.find(({ name, kinds, words }) => {
      if (!call.has(name) || String(call.get(name)).toLowerCase() !== token.text.toLowerCase()) return false
      if (kinds.has('address')) return token.kind === 'address'
      if (kinds.has('words')) return words.has(toWordKey(token.text))
      return kinds.has('symbol') && isSymbol(token.text)
    })
    if (field !== undefined) {
      call.delete(field.name)
      return [{ type: 'slot', field }]
    }
    return token.rank === 'filler' || token.kind === 'mark' ? [] : [{ type: 'word', token }]
  })
}

/** Symbols that examples call with or write in capitals, in lower case. */
function collectSymbols(definitions: readonly ToolDefinition[], vocabularies: Vocabularies): string[] {
  return definitions.flatMap(({ parameters, examples = [] }) => {
    const named = toFields(parameters, vocabularies).filter(({ kinds }) => kinds.has('symbol'))
    return examples.flatMap(({ call = {}, ask }) => {
      const called = named.flatMap(({ name }) => call[name]).filter((value) => typeof value === 'string')
      const written = ask.replaceAll(/\{\w*\}/g, ' ').match(/\b[A-Z][A-Z0-9]{2,9}\b/g) ?? []
      return [...called, ...written].map((symbol) => symbol.toLowerCase())
    })
  })
}

/** Short names of values (`eth` for ethereum) often are symbols as well. */
function collectAliases(vocabularies: Vocabularies): Set<string> {
  const entries = Object.values(vocabularies).flatMap((vocabulary) => [...vocabulary])
  return new Set(
    entries.flatMap(([word, value]) => (word !== value && /^\p{L}{2,6}$/u.test(word) ? [word.toLowerCase()] : [])),
  )
}
