import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bodyHash } from './body-hash.ts'

const hashOf = (json: string) => bodyHash('/v1/chat/completions', JSON.parse(json))

test('white space, the order of keys and how a character is written do not matter', () => {
  const hashed = hashOf('{"model":"conductor","messages":[{"role":"user","content":"é"}],"n":1}')
  expect(hashed).toMatch(/^[0-9a-f]{64}$/)
  expect(hashOf('{ "n": 1.0, "messages": [{"content":"\\u00e9","role":"user"}], "model": "conductor" }')).toBe(hashed)
})

test.each([
  ['{"a":1}', '{"a":"1"}'],
  ['{"a":[1,2]}', '{"a":[2,1]}'],
  ['{"a":{"b":1}}', '{"a":{},"b":1}'],
  ['{"a":null}', '{}'],
  ['{"a":[]}', '{"a":{}}'],
  ['{"a":[[]]}', '{"a":[]}'],
  ['{"a":"x\\",\\"b\\":\\"y"}', '{"a":"x","b":"y"}'],
  ['{"__proto__":1}', '{}'],
  ['{"a":"\\ud800"}', '{"a":"\\ud801"}'],
])('bodies that say different things differ: %s, %s', (one, other) => {
  expect(hashOf(one)).not.toBe(hashOf(other))
})

test('the same body on another route is another request', () => {
  expect(bodyHash('/v1/responses', { input: 'a' })).not.toBe(bodyHash('/v1/chat/completions', { input: 'a' }))
})

test('two bodies have one hash where their JSON means the same, and only there', () => {
  const value = fc.json({ maxDepth: 3 }).map((text) => JSON.parse(text))
  fc.assert(
    fc.property(value, value, (one, other) => {
      expect(bodyHash('/', reversed(one))).toBe(bodyHash('/', one))
      expect(bodyHash('/', one) === bodyHash('/', other)).toBe(isDeepStrictEqual(one, other))
    }),
    { numRuns: 300 },
  )
})

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  )
}
