import type { JsonSchema } from '../messages.ts'

/**
 * A tool's schema in the part of JSON Schema that Ollama reads: it answers 400 to keywords of another form than its structs
 * have, and drops without a word what they lack. Local references are put in place, as deep as they are worth telling.
 */
export function toOllamaSchema(schema: JsonSchema): JsonSchema {
  const { properties, required, anyOf = [] } = toShape(schema, { root: schema, shapesLeft: MAX_SHAPES }, 0)
  const fields = [...anyOf.map((shape) => shape.properties), properties].flatMap((some) => Object.entries(some ?? {}))
  return { type: 'object', properties: Object.fromEntries(fields), ...(required === undefined ? {} : { required }) }
}

/** A schema that refers to itself would go on for ever. */
const MAX_DEPTH = 8
/** References that refer to several others multiply. */
const MAX_SHAPES = 1_000

type Reading = { root: JsonSchema; shapesLeft: number }

/** Ollama's `ToolProperty`; without a keyword it may be any value. */
type Shape = {
  type?: string | readonly string[]
  description?: string
  enum?: readonly unknown[]
  properties?: Readonly<Record<string, Shape>>
  required?: readonly string[]
  items?: Shape
  anyOf?: readonly Shape[]
}

function toShape(schema: unknown, reading: Reading, depth: number): Shape {
  if (!isObject(schema) || depth > MAX_DEPTH || reading.shapesLeft-- <= 0) return {}
  const read = (child: unknown) => toShape(child, reading, depth + 1)
  const { type, description, properties, required, items } = schema
  const values = 'const' in schema ? [schema.const] : schema.enum
  const alternatives = [...toList(schema.anyOf), ...toList(schema.oneOf)]
  const own: Shape = {
    ...(isType(type) ? { type } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(Array.isArray(values) ? { enum: values } : {}),
    ...(isObject(properties) ? { properties: readProperties(properties, read) } : {}),
    ...(Array.isArray(required) ? { required: required.filter(isText) } : {}),
    ...(isObject(items) ? { items: read(items) } : {}),
    ...(alternatives.length > 0 ? { anyOf: alternatives.map(read) } : {}),
  }
  const target = typeof schema.$ref === 'string' ? [resolve(schema.$ref, reading.root)] : []
  return [...target, ...toList(schema.allOf)].map(read).reduceRight((shape, base) => merge(base, shape), own)
}

/** What may not be given is not told. */
function readProperties(properties: JsonSchema, read: (schema: unknown) => Shape): Record<string, Shape> {
  const told = Object.entries(properties).filter(([, schema]) => schema !== false)
  return Object.fromEntries(told.map(([name, schema]) => [name, read(schema)]))
}

function merge(base: Shape, shape: Shape): Shape {
  const properties = { ...base.properties, ...shape.properties }
  const required = [...new Set([...(base.required ?? []), ...(shape.required ?? [])])]
  return {
    ...base,
    ...shape,
    ...(base.properties && shape.properties ? { properties } : {}),
    ...(base.required && shape.required ? { required } : {}),
  }
}

/** Follows a JSON Pointer within the schema (RFC 6901); undefined where it leads nowhere, or elsewhere. */
function resolve(ref: string, root: JsonSchema): unknown {
  if (!ref.startsWith('#')) return undefined
  const steps = ref.slice(1).split('/').slice(1)
  return steps.reduce<unknown>((at, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    return typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as JsonSchema)[key] : undefined
  }, root)
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isType = (value: unknown): value is string | string[] =>
  isText(value) || (Array.isArray(value) && value.every(isText))
const toList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
