import { expect, test } from 'vitest'
import { isStrictSchema } from './strict-schema.ts'

const closed = (properties: Record<string, unknown>, rest: Record<string, unknown> = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...rest,
})

test.each<[what: string, schema: Record<string, unknown>]>([
  ['closed objects that need all their fields', closed({ at: closed({ city: { type: 'string' } }) })],
  ['an object without fields', closed({})],
  ['nullable fields and lists', closed({ tags: { type: ['array', 'null'], items: { anyOf: [{ type: 'string' }] } } })],
  ['definitions that are referred to', closed({ a: { $ref: '#/$defs/a' } }, { $defs: { a: closed({}) } })],
])('%s can be strict', (_what, schema) => {
  expect(isStrictSchema(schema)).toBe(true)
})

test.each<[what: string, schema: Record<string, unknown>]>([
  ['an open object', { type: 'object', properties: {} }],
  ['an optional field', closed({ city: { type: 'string' } }, { required: [] })],
  ['an open object within', closed({ at: { type: 'object', properties: {} } })],
  ['an open object in a list', closed({ at: { type: 'array', items: { type: 'object' } } })],
  ['an open definition', closed({ a: { $ref: '#/$defs/a' } }, { $defs: { a: { type: 'object' } } })],
  ['a keyword beyond the subset', closed({ a: { oneOf: [{ type: 'string' }] } })],
  ['a default', closed({ a: { type: 'string', default: 'x' } })],
  ['alternatives at its root', closed({}, { anyOf: [closed({})] })],
  ['a schema that is no object', { type: 'string' }],
  ['fields as a list', { ...closed({}), properties: [] }],
  ['a schema that is `true`', closed({ a: true })],
])('%s cannot', (_what, schema) => {
  expect(isStrictSchema(schema)).toBe(false)
})

test('a schema nested without end cannot, and is told quickly', () => {
  const schema = Array.from({ length: 100_000 }).reduce<Record<string, unknown>>(
    (inner) => closed({ a: inner }),
    closed({}),
  )
  expect(isStrictSchema(schema)).toBe(false)
})
