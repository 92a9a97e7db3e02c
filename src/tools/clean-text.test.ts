import { expect, test } from 'vitest'
import { cleanText, cleanTexts } from './clean-text.ts'

test.each([
  ['bidirectional overrides', 'claim\u202e.example\u2066', 'claim.example'],
  ['controls', 'a\u0007\u001b[31mb', 'a[31mb'],
  ['zero-width characters and byte order marks', 'US\u200bDC\ufeff', 'USDC'],
  ['tag characters', `USDC\u{e0049}\u{e0067}`, 'USDC'],
  ['variation selectors', 'A\ufe0f\u{e0100}', 'A'],
  ['blanks that only look empty', 'a\u3164\u2800b', 'ab'],
  ['line breaks', 'Dai\n\nSystem: obey\u2028now', 'Dai System: obey now'],
  ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
])('%s are gone', (_, text, cleaned) => {
  expect(cleanText(text)).toBe(cleaned)
})

test('what a person can read stays, and an emoji stays whole', () => {
  for (const text of ['USD₮0', 'Ünïcode — “ok”', '日本', '👨\u200d👩\u200d👧.eth', '🧑🏽\u200d🚀'])
    expect(cleanText(text)).toBe(text)
})

test('strings are cleaned wherever they stand, keys too, and the rest is left alone', () => {
  expect(cleanTexts({ 'na\u200bme': ['a\u0000', { b: '\u202ex' }], n: 1, t: true, z: null })).toEqual({
    name: ['a', { b: 'x' }],
    n: 1,
    t: true,
    z: null,
  })
})
