import type { JsonSchema } from '../messages.ts'

/**
 * Whether OpenAI takes `schema` with `strict: true`: an object, all of whose objects are closed and need each of their
 * fields, and no keyword beyond the subset of its structured outputs. It refuses a request for anything else.
 */
export function isStrictSchema(schema: JsonSchema): boolean {
  return schema.type === 'object' && schema.anyOf === undefined && isStrict(schema, 0)
}

/** OpenAI's own is 10 objects deep; each takes two levels here. */
const MAX_DEPTH = 20

const KEYWORDS: ReadonlySet<string> = new Set(
  (
    'type properties required additionalProperties items anyOf enum const $ref $defs definitions description title ' +
    'pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems'
  ).split(' '),
)

function isStrict(schema: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH || !isObject(schema)) return false
  if (Object.keys(schema).some((key) => !KEYWORDS.has(key))) return false
  if ((schema.type === 'object' || schema.properties !== undefined) && !isClosed(schema)) return false
  return childrenOf(schema).every((child) => isStrict(child, depth + 1))
}

function isClosed({ properties, required, additionalProperties }: JsonSchema): boolean {
  const needed = new Set(Array.isArray(required) ? required : [])
  return (
    additionalProperties === false && isObject(properties) && Object.keys(properties).every((key) => needed.has(key))
  )
}

function childrenOf({ properties = {}, $defs = {}, definitions = {}, anyOf = [], items }: JsonSchema): unknown[] {
  const maps = [properties, $defs, definitions].flatMap((map) => (isObject(map) ? Object.values(map) : [map]))
  return [...maps, ...(Array.isArray(anyOf) ? anyOf : [anyOf]), ...(items === undefined ? [] : [items])]
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
