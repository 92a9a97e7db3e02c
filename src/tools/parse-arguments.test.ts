import { expect, test } from 'vitest'
import { parseArguments } from './parse-arguments.ts'

test.each([
  ['plain', '{"a":1}', { a: 1 }],
  ['nothing', '', {}],
  ['null', 'null', {}],
  ['empty quotes', '""', {}],
  ['fenced', '```json\n{"a": 1}\n```', { a: 1 }],
  ['fenced without a language', '```\n{"a": 1}```', { a: 1 }],
  ['a string that holds JSON', JSON.stringify('{"a":"b"}'), { a: 'b' }],
  ['single quotes', "{'a': 'it is \"b\"', 'c': True, 'd': None}", { a: 'it is "b"', c: true, d: null }],
  ['trailing commas', '{"a": [1, 2, ], }', { a: [1, 2] }],
  ['what looks like a trailing comma inside a string', '{"a": "x,}", }', { a: 'x,}' }],
  ['an apostrophe inside a string', '{"a": "vitalik\'s", }', { a: "vitalik's" }],
])('%s is understood', (_, text, expected) => {
  expect(parseArguments(text)).toEqual(expected)
})

test.each(['{"a": ', '[1]', '7', 'vitalik.eth', '{a: 1}'])('%s is not guessed at', (text) => {
  expect(parseArguments(text)).toBeUndefined()
})
