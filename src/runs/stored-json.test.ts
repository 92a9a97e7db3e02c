import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromStoredJson, toStoredJson } from './stored-json.ts'

test('what is stored comes back as it was, block numbers and hostile strings too', () => {
  expect(fromStoredJson(toStoredJson({ number: 23_500_000n, text: '\u0000n5' }))).toEqual({
    number: 23_500_000n,
    text: '\u0000n5',
  })
  const marked = fc
    .tuple(fc.constantFrom('\u0000', '\u0000\u0000', '\u0000n', '\u0000\u0000n-'), fc.string())
    .map((parts) => parts.join(''))
  const tricky = fc.oneof(fc.string(), marked)
  const value = fc.letrec((tie) => ({
    any: fc.oneof(tricky, fc.bigInt(), fc.boolean(), fc.array(tie('any')), fc.dictionary(tricky, tie('any'))),
  })).any
  fc.assert(
    fc.property(value, (stored) => {
      expect(fromStoredJson(toStoredJson({ stored }))).toEqual({ stored })
    }),
  )
})
