import type { JsonSchema } from '../../messages.ts'

/** An input field of a tool, as far as a question can fill it. */
export type Field = {
  name: string
  kinds: ReadonlySet<FieldKind>
  /** Words of a closed vocabulary, in lower case, and the value each stands for. */
  words: ReadonlyMap<string, unknown>
  required: boolean
  /** Whether a value goes into a list; `either` takes one value bare. */
  list: 'never' | 'always' | 'either'
  /** A value to show in an example. */
  sample: string
}

/**
 * `address`, `hash`, `number` and `time` are told by their shape, `words` by a vocabulary, `symbol` by looks and place,
 * `expression` by digits and operators, `text` by its place alone.
 */
export type FieldKind = 'address' | 'hash' | 'number' | 'time' | 'words' | 'symbol' | 'expression' | 'text'

/** Vocabularies by the JSON Schema `format` of the fields they belong to: `{ chain: { arb → arbitrum } }`. */
export type Vocabularies = Readonly<Record<string, ReadonlyMap<string, string>>>

/** The fields of an input schema. What the schema says in a way not known here becomes plain text. */
export function toFields(schema: JsonSchema, vocabularies: Vocabularies): Field[] {
  const properties = isRecord(schema.properties) ? schema.properties : {}
  const required = Array.isArray(schema.required) ? schema.required : []
  return Object.entries(properties).flatMap(([name, property]) =>
    isRecord(property) ? [toField(name, property, required.includes(name), vocabularies)] : [],
  )
}

function toField(name: string, property: JsonSchema, required: boolean, vocabularies: Vocabularies): Field {
  const variants = toVariants(property)
  const lists = variants.filter((variant) => isRecord(variant.items))
  const scalars = [...variants.filter((variant) => !lists.includes(variant)), ...lists.flatMap(toItemVariants)]
  const words = new Map(scalars.flatMap((variant) => toWords(variant, vocabularies)))
  const shared = scalars.some(({ format }) => typeof format === 'string' && Object.hasOwn(vocabularies, format))
  // A shared vocabulary holds all the ways to write a value: `chain` may be a number, but 'block 10' names no chain.
  const kinds = new Set<FieldKind>(shared ? [] : scalars.flatMap(toKinds))
  if (words.size > 0) kinds.add('words')
  const list = lists.length === 0 ? 'never' : lists.length === variants.length ? 'always' : 'either'
  return {
    name,
    kinds,
    words,
    required: required && !('default' in property),
    list,
    sample: toSample(property, { words, kinds, scalars }),
  }
}

/** The ways a value may look: a schema and its alternatives, two levels deep. */
function toVariants(schema: JsonSchema, depth = 0): JsonSchema[] {
  const nested = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (Array.isArray(list) ? list : []))
  const inner = depth < 2 ? nested.filter(isRecord).flatMap((variant) => toVariants(variant, depth + 1)) : []
  // A format that stands beside the alternatives says what all of them are.
  const kept = inner.filter((variant) => variant.type !== 'null')
  if (kept.length === 0) return [schema]
  return typeof schema.format === 'string' ? [...kept, { type: 'string', format: schema.format }] : kept
}

function toItemVariants(list: JsonSchema): JsonSchema[] {
  return isRecord(list.items) ? toVariants(list.items) : []
}

const KIND_BY_FORMAT: ReadonlyMap<unknown, FieldKind> = new Map([
  ['address', 'address'],
  ['hash', 'hash'],
  ['token', 'symbol'],
  ['symbol', 'symbol'],
  ['date-time', 'time'],
  ['date', 'time'],
  ['time', 'time'],
  ['expression', 'expression'],
])

function toKinds(schema: JsonSchema): FieldKind[] {
  const { type, format } = schema
  const known = KIND_BY_FORMAT.get(format)
  if (known !== undefined) return [known]
  if (type === 'integer' || type === 'number') return ['number']
  if (type === 'boolean' || type === 'object' || type === 'null') return []
  return Array.isArray(schema.enum) || 'const' in schema ? [] : ['text']
}

function toWords(schema: JsonSchema, vocabularies: Vocabularies): [string, unknown][] {
  const values = [...(Array.isArray(schema.enum) ? schema.enum : []), ...('const' in schema ? [schema.const] : [])]
  const own = values
    .filter((value) => typeof value === 'string')
    .map((value): [string, unknown] => [toWordKey(value), value])
  const { format } = schema
  if (typeof format !== 'string' || !Object.hasOwn(vocabularies, format)) return own
  const offered = new Set(values)
  const shared = [...(vocabularies[format] ?? [])].filter(([, value]) => offered.size === 0 || offered.has(value))
  return [...shared.map(([word, value]): [string, unknown] => [toWordKey(word), value]), ...own]
}

/** How a vocabulary word of several parts is looked up: lower case, one space between parts. */
export function toWordKey(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim()
}

const SAMPLES: ReadonlyMap<FieldKind, string> = new Map([
  ['address', 'vitalik.eth'],
  ['hash', '0x…'],
  ['symbol', 'ETH'],
  ['time', '2025-01-01'],
  ['expression', '15% of 200'],
  ['number', '1000000'],
])

function toSample(
  schema: JsonSchema,
  { words, kinds, scalars }: Pick<Field, 'words' | 'kinds'> & { scalars: readonly JsonSchema[] },
): string {
  const given = [...(Array.isArray(schema.examples) ? schema.examples : []), schema.default, ...words.values()]
  const shown = given.find((value) => typeof value === 'string' || typeof value === 'number')
  if (shown !== undefined) return String(shown)
  // A coin is a symbol too, but no token.
  if (scalars.some(({ format }) => format === 'token')) return 'USDC'
  return [...kinds].map((kind) => SAMPLES.get(kind)).find((sample) => sample !== undefined) ?? '…'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
