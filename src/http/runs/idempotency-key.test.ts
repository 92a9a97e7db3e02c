import { expect, test } from 'vitest'
import { isSdkRetry, readIdempotencyKey } from './idempotency-key.ts'

const withHeader = (name: string, value: string | undefined) =>
  ({ get: (asked: string) => (asked.toLowerCase() === name ? value : undefined) }) as never
const read = (value: string | undefined) => readIdempotencyKey(withHeader('idempotency-key', value))

test.each([
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['"8e03978e"', '8e03978e'],
  ['"a\\"b\\\\c"', 'a"b\\c'],
  ['a', 'a'],
  ['~!', '~!'],
  ['k'.repeat(255), 'k'.repeat(255)],
  [`"${'k'.repeat(255)}"`, 'k'.repeat(255)],
  ['"', '"'],
  ['a"b', 'a"b'],
  ['"a"b"', '"a"b"'],
])('a key is read bare or as a quoted string: %s', (text, key) => {
  expect(read(text)).toBe(key)
})

test('without the header there is no key', () => {
  expect(read(undefined)).toBeUndefined()
})

test.each(['', '""', 'a b', '"a b"', 'k'.repeat(256), 'é', 'a\u0000', 'a\tb', 'a\u007f'])(
  'a key that is empty, too long or not visible ASCII is a 400: %j',
  (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ status: 400, param: 'Idempotency-Key' }))
  },
)

test.each([
  [undefined, false],
  ['0', false],
  ['1', true],
  ['2', true],
  ['x', false],
])('an SDK that tries again says so: %s', (count, isRetry) => {
  expect(isSdkRetry(withHeader('x-stainless-retry-count', count))).toBe(isRetry)
})
