import { describe, expect, test } from 'vitest'
import { findMismatch, findSchemaFault } from './check-json.ts'

const PERSON = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[a-z]+$' }, ages: { type: 'array', items: { type: 'integer' } } },
  required: ['name'],
  additionalProperties: false,
}

describe('a value against a schema', () => {
  test.each([
    [{ name: 'ann' }, undefined],
    [{ name: 'ann', ages: [1, 2] }, undefined],
    [{}, /required property "name"/],
    [{ name: 'ann', ages: [1, 'x'] }, /^ages\/1: .*Expected "integer"/],
    [{ name: 'Ann' }, /^name: .*pattern/],
    [{ name: 'ann', more: 1 }, /more: This must not be here/],
    ['ann', /Expected "object"/],
  ])('%j', (value, complaint) => {
    const found = findMismatch(PERSON, value)
    if (complaint === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(complaint)
  })

  test('references within the schema are followed', () => {
    const list = {
      $ref: '#/$defs/node',
      $defs: { node: { type: ['object', 'null'], properties: { next: { $ref: '#/$defs/node' } } } },
    }
    expect(findSchemaFault(list)).toBeUndefined()
    expect(findMismatch(list, { next: { next: null } })).toBeUndefined()
    expect(findMismatch(list, { next: { next: 1 } })).toMatch(/^next\/next: /)
  })
})

describe('a schema that nothing can be held against', () => {
  test('has a fault to tell its author', () => {
    expect(findSchemaFault(PERSON)).toBeUndefined()
    expect(findSchemaFault({ $ref: '#/$defs/absent' })).toMatch(/Unresolved \$ref/)
    expect(findSchemaFault({ $ref: 'http://169.254.169.254/schema.json' })).toMatch(/Unresolved \$ref/)
    expect(findSchemaFault({ $ref: '#' })).toMatch(/without end/)
    expect(findSchemaFault({ type: 'string', pattern: '(' })).toMatch(/^pattern: .*regex/)
    expect(findSchemaFault({ properties: { a: { items: { pattern: '(' } } } })).toMatch(/^properties.a.items.pattern: /)
    expect(findSchemaFault({ type: 'object', properties: 5, required: 'name' })).toBeDefined()
  })

  test('does not hold up the process: a pattern that backtracks for ever, references that multiply', () => {
    expect(findMismatch({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(60)}b`)).toMatch(/too long/)
    const $defs: Record<string, unknown> = { a24: { type: 'number' } }
    for (let i = 0; i < 24; i++) $defs[`a${i}`] = { anyOf: Array(2).fill({ $ref: `#/$defs/a${i + 1}` }) }
    expect(findSchemaFault({ $ref: '#/$defs/a0', $defs })).toMatch(/too long|too large/)
  })
})
