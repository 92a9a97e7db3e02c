import { expect, test } from 'vitest'
import { MAX_TEXT_BYTES, toToolText } from './to-tool-text.ts'

const block = {
  chain: 'ethereum',
  chainId: 1,
  number: 23_500_000n,
  hash: '0xab',
  timestampSec: 1_767_225_600,
} as const

test('a model reads the sentence, the result, the notes, and the blocks with their time', () => {
  const text = toToolText({ summary: 'It is 5.', result: { n: 5 }, notes: ['Not 6.'], blocks: [block] })
  expect(JSON.parse(text)).toEqual({
    summary: 'It is 5.',
    result: { n: 5 },
    notes: ['Not 6.'],
    blocks: [{ chain: 'ethereum', number: 23_500_000, hash: '0xab', time: '2026-01-01T00:00:00.000Z' }],
  })
})

test.each([
  ['a long list', Array.from({ length: 5_000 }, (_, i) => ({ name: `token ${i}`, value: i }))],
  ['a long text', { text: '₮'.repeat(40_000) }],
  ['an object of many keys', Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, i]))],
  ['lists in lists', Array.from({ length: 60 }, () => Array.from({ length: 60 }, () => ['x'.repeat(50)]))],
])('%s is shortened to whole JSON, and says so', (_, result) => {
  const text = toToolText({ summary: 's', result, notes: [], blocks: [] })
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_TEXT_BYTES)
  const { notes } = JSON.parse(text) as { notes: string[] }
  expect(notes[0]).toContain('shortened')
  expect(text).toMatch(/more left out|\(shortened\)/)
})

test('a result that cannot be shortened enough is left out, and says so', () => {
  const deep = (depth: number): unknown =>
    depth === 0 ? 'x'.repeat(90) : Array.from({ length: 5 }, () => deep(depth - 1))
  const text = toToolText({ summary: 's'.repeat(30_000), result: deep(5), notes: [], blocks: [] })
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_TEXT_BYTES)
  expect(JSON.parse(text)).toMatchObject({ result: 'left out: too long' })
})
