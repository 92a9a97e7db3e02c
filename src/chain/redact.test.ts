import { expect, test } from 'vitest'
import { redact } from './redact.ts'

test.each([
  ['POST https://rpc.example/v2/secret failed', 'POST [address removed] failed'],
  ['wss://user:pass@host/x is down', '[address removed] is down'],
  ['key 0123456789abcdef0123456789abcdef is over its limit', 'key [removed] is over its limit'],
  ['two\nlines\u0000 and\u200b more', 'two lines and more'],
  [
    'call to 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045 reverted',
    'call to 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045 reverted',
  ],
])('%j becomes %j', (text, expected) => {
  expect(redact(text)).toBe(expected)
})

test('a long text is cut at 300 characters', () => {
  expect(redact('word '.repeat(1_000))).toHaveLength(300)
})
