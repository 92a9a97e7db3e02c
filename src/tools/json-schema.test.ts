import { expect, test } from 'vitest'
import { z } from 'zod'
import { addressOrName } from './address-field.ts'
import { blockNumber, chainName, time, token } from './fields.ts'
import { toJsonSchema } from './json-schema.ts'

const input = z.object({
  owners: z.array(addressOrName).min(1),
  chain: chainName.default('ethereum'),
  token: token.optional(),
  at: z.discriminatedUnion('by', [
    z.object({ by: z.literal('number'), block: blockNumber }),
    z.object({ by: z.literal('time'), time }),
  ]),
  count: z.int().default(5).describe('How many'),
})

test('fields tell a model their type, and the rehearsal model their format', () => {
  expect(toJsonSchema(input)).toMatchObject({
    type: 'object',
    required: ['owners', 'at'],
    properties: {
      owners: { type: 'array', items: { type: 'string', format: 'address' } },
      chain: { type: 'string', format: 'chain', enum: expect.arrayContaining(['ethereum', 'sepolia']) },
      token: { type: 'string', format: 'token' },
    },
  })
})

test('a default is also said in words, since some backends drop the keyword', () => {
  const { properties } = toJsonSchema(input) as { properties: Record<string, unknown> }
  expect(properties.chain).toMatchObject({ default: 'ethereum', description: 'The chain. Default: ethereum' })
  expect(properties.count).toMatchObject({ default: 5, description: 'How many. Default: 5' })
})

test('only keywords that every backend understands are left', () => {
  const text = JSON.stringify(toJsonSchema(input))
  for (const keyword of ['oneOf', 'const', '$ref', '$schema', '9007199254740991', 'maxLength']) {
    expect(text).not.toContain(keyword)
  }
  expect(text).toContain('anyOf')
})

test('a type without a JSON form is refused', () => {
  expect(() => toJsonSchema(z.object({ wei: z.bigint() }))).toThrow(/BigInt/i)
})
