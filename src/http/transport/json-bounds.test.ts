import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findJsonExcess } from './json-bounds.ts'

const excess = (text: string, maxDepth: number, maxValues: number) =>
  findJsonExcess(Buffer.from(text), { maxDepth, maxValues })

test('a text is within its bounds up to and including them', () => {
  expect(excess('[[[1]]]', 3, 100)).toBeUndefined()
  expect(excess('[[[1]]]', 2, 100)).toBe('maxDepth')
  expect(excess('[1,2,3]', 9, 4)).toBeUndefined()
  expect(excess('[1,2,3]', 9, 3)).toBe('maxValues')
})

test('what stands in a string is no structure', () => {
  expect(excess(String.raw`{"[[,":"\"[[,\\","b\\\"":"]]"}`, 1, 3)).toBeUndefined()
})

test.each(['"', '"\\', '["abc\\"', '\\"', '', '}}}]]]', '["'])('what is broken does no harm: %j', (text) => {
  expect(excess(text, 5, 5)).toBeUndefined()
})

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return 1 + Object.values(value).reduce<number>((sum, child) => sum + countOf(child), 0)
}

test('depth is exact, and values are never counted too few', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), fc.boolean(), (value, indent) => {
      const text = JSON.stringify(value, null, indent ? 2 : 0)
      const depth = depthOf(value)
      expect(excess(text, depth, 1e6)).toBeUndefined()
      if (depth > 0) expect(excess(text, depth - 1, 1e6)).toBe('maxDepth')
      const count = countOf(value)
      if (count > 1) expect(excess(text, 1e6, count - 2)).toBe('maxValues')
      expect(excess(text, 1e6, 2 * count)).toBeUndefined()
    }),
  )
})
