import { expect, test } from 'vitest'
import { tokenize } from './tokens.ts'

const kinds = (text: string) => tokenize(text).map(({ kind, text }) => `${kind} ${text}`)

test.each([
  ["vitalik.eth's nonce?", ['address vitalik.eth', 'word nonce']],
  ['(jesse.base.eth), 🦇.eth', ['address jesse.base.eth', 'separator ,', 'address 🦇.eth']],
  [`0x${'aB'.repeat(20)} 0x${'1'.repeat(64)}`, [`address 0x${'aB'.repeat(20)}`, `hash 0x${'1'.repeat(64)}`]],
  ['#23500000 23,500,000 3412.75', ['number 23500000', 'number 23,500,000', 'number 3412.75']],
  ['2025-01-01 2025-01-01T12:00Z', ['time 2025-01-01', 'time 2025-01-01T12:00Z']],
  [
    'BTC,LINK and ETH/USD',
    ['word BTC', 'separator ,', 'word LINK', 'separator and', 'word ETH', 'separator ,', 'word USD'],
  ],
  ['$ETH & "dai" —', ['word ETH', 'separator &', 'word dai', 'mark —']],
  [
    'e.g. U.S. https://a.eth/b',
    ['word e.g', 'word U.S', 'word https', 'separator ,', 'address a.eth', 'separator ,', 'word b'],
  ],
])('%s is cut into words and known shapes', (text, expected) => {
  expect(kinds(text)).toEqual(expected)
})

test('offsets point at the words in the text', () => {
  const text = " (price of 'BTC,LINK'),  now "
  for (const token of tokenize(text)) expect(text.slice(token.start, token.end)).toBe(token.text)
})

test('endings, possessives, contractions and synonyms are read as one word', () => {
  const norms = (text: string) => tokenize(text).map(({ norm }) => norm)
  expect(norms('whats the balances')).toEqual(norms("what's the balance"))
  expect(norms('who owns it, who held it')).toEqual(norms('who has it, who has it'))
  expect(norms('resolved')).toEqual(norms('resolves'))
})
