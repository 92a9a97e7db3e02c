import { expect, test } from 'vitest'
import { type Field, toFields } from './fields.ts'

const chain = new Map([
  ['arb', 'arbitrum'],
  ['base', 'base'],
  ['42161', 'arbitrum'],
])

function fieldOf(schema: Record<string, unknown>): Field | undefined {
  return toFields({ type: 'object', properties: { field: schema }, required: ['field'] }, { chain })[0]
}

test.each<[Record<string, unknown>, string[]]>([
  [{ type: 'string', format: 'address' }, ['address']],
  [{ type: 'string', format: 'token' }, ['symbol']],
  [{ type: 'string', format: 'date-time' }, ['time']],
  [{ type: 'string', format: 'expression' }, ['expression']],
  [{ type: 'integer' }, ['number']],
  [{ type: 'string' }, ['text']],
  [{ enum: ['slow', 'fast'] }, ['words']],
  [{ anyOf: [{ type: 'string', format: 'chain' }, { type: 'integer' }] }, ['words']],
  [{ anyOf: [{ type: 'integer' }, { const: 'latest' }, { type: 'null' }] }, ['number', 'words']],
  [{ type: 'array', items: { anyOf: [{ type: 'string', format: 'address' }] } }, ['address']],
  [{ type: 'boolean' }, []],
])('%j is filled with %j', (schema, kinds) => {
  expect([...(fieldOf(schema)?.kinds ?? [])]).toEqual(kinds)
})

test('a vocabulary is cut to the values the schema allows', () => {
  expect(fieldOf({ type: 'string', format: 'chain', enum: ['base'] })?.words).toEqual(new Map([['base', 'base']]))
})

test('a field takes one value, several, or either', () => {
  const address = { type: 'string', format: 'address' }
  expect(fieldOf(address)?.list).toBe('never')
  expect(fieldOf({ type: 'array', items: address })?.list).toBe('always')
  expect(fieldOf({ anyOf: [address, { type: 'array', items: address }] })?.list).toBe('either')
})

test('a field with a default need not be asked for', () => {
  expect(fieldOf({ type: 'string' })?.required).toBe(true)
  expect(fieldOf({ type: 'string', default: 'x' })?.required).toBe(false)
})
