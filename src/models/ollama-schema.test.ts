import { expect, test } from 'vitest'
import { toOllamaSchema } from './ollama-schema.ts'

test('what Ollama reads stays as it is', () => {
  const schema = {
    type: 'object',
    properties: {
      city: { type: 'string', description: 'Where.', enum: ['Oslo', 'Rome'] },
      days: { type: ['integer', 'null'] },
      at: { type: 'object', properties: { lat: { type: 'number' } }, required: ['lat'] },
      tags: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] } },
    },
    required: ['city'],
  }
  expect(toOllamaSchema(schema)).toEqual(schema)
})

test.each<[what: string, field: unknown, told: unknown]>([
  ['a reference', { $ref: '#/$defs/city' }, { type: 'string', description: 'A city.' }],
  [
    'a reference with a description of its own',
    { $ref: '#/$defs/city', description: 'Home.' },
    { type: 'string', description: 'Home.' },
  ],
  ['a reference in an older place', { $ref: '#/definitions/a~1b' }, { type: 'number' }],
  ['a reference that leads nowhere', { $ref: '#/$defs/none', type: 'string' }, { type: 'string' }],
  ['a reference to elsewhere', { $ref: 'https://example.com/x.json' }, {}],
  [
    'alternatives',
    { oneOf: [{ type: 'string' }, { $ref: '#/$defs/city' }] },
    { anyOf: [{ type: 'string' }, { type: 'string', description: 'A city.' }] },
  ],
  ['a constant', { const: 7 }, { enum: [7] }],
  [
    'parts that all hold',
    { allOf: [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }], properties: { b: true } },
    { type: 'object', properties: { a: { type: 'string' }, b: {} }, required: ['a'] },
  ],
  ['keywords it would drop', { type: 'string', pattern: '^a', format: 'date', default: 'a' }, { type: 'string' }],
  ['keywords of a form it would refuse', { type: 7, enum: 'a', description: {}, items: [], properties: [] }, {}],
])('%s is told in its words', (_what, field, told) => {
  const schema = {
    type: 'object',
    properties: { field },
    $defs: { city: { type: 'string', description: 'A city.' } },
    definitions: { 'a/b': { type: 'number' } },
  }
  expect(toOllamaSchema(schema)).toEqual({ type: 'object', properties: { field: told } })
})

test.each<[what: string, schema: Record<string, unknown>, told: Record<string, unknown>]>([
  ['nothing', {}, {}],
  ['another type', { type: ['object', 'null'], properties: { a: { type: 'string' } } }, { a: { type: 'string' } }],
  ['fields as a list', { type: 'object', properties: [{ name: 'a' }] }, {}],
  [
    'a reference',
    { $ref: '#/$defs/a', $defs: { a: { properties: { a: { type: 'string' } } } } },
    { a: { type: 'string' } },
  ],
  [
    'alternatives',
    { anyOf: [{ properties: { a: { type: 'string' } } }, { properties: { b: { type: 'number' } } }] },
    { a: { type: 'string' }, b: { type: 'number' } },
  ],
  ['a field that may not be given', { properties: { a: false, b: true } }, { b: {} }],
])('with %s at its root it is an object with fields', (_what, schema, properties) => {
  expect(toOllamaSchema(schema)).toEqual({ type: 'object', properties })
})

test('a schema that refers to itself ends', () => {
  const tree = { type: 'object', properties: { left: { $ref: '#' }, right: { $ref: '#' }, also: { $ref: '#' } } }
  expect(JSON.stringify(toOllamaSchema(tree)).length).toBeLessThan(100_000)
  expect(toOllamaSchema({ $ref: '#' })).toEqual({ type: 'object', properties: {} })
})
