import { expect, test } from 'vitest'
import { readTimePhrase } from './time-phrase.ts'

test.each([
  ['2025-01-01', '2025-01-01'],
  ['2025-01-01 at 9:30', '2025-01-01T09:30:00Z'],
  ['2025-01-01T12:00:05Z', '2025-01-01T12:00:05Z'],
  ['2025-01-01T12:00+02:00', '2025-01-01T12:00:00+02:00'],
  ['3rd of May 2025', '2025-05-03'],
  ['May 3, 2025 at 14:00 UTC', '2025-05-03T14:00:00Z'],
  ['3 hours  ago', '3 hours ago'],
  ['an hour ago', 'an hour ago'],
  ['2 months ago', '60 days ago'],
  ['Yesterday', 'yesterday'],
])('%s is %s', (text, value) => {
  expect(readTimePhrase(`at ${text} please`, 3)).toEqual({ end: 3 + text.length, value })
})

test.each(['23500000', 'may be', '12 apples ago', '3 hours later'])('%s is no point in time', (text) => {
  expect(readTimePhrase(text, 0)).toBeUndefined()
})
