import { expect, test } from 'vitest'
import { isJsonObject, parseExactJson } from './exact-json.ts'

test.each([
  '{"wei":1000000000000000001}',
  '[-9007199254740993,{"a":[1.10,1e400]}]',
  '{"text":"1000000000000000001","n":7,"nothing":null}',
])('%s is written again as it stood', (text) => {
  expect(JSON.stringify(parseExactJson(text))).toBe(text)
})

test('a large number is no object', () => {
  expect([parseExactJson('{"a":1}'), parseExactJson('1000000000000000001')].map(isJsonObject)).toEqual([true, false])
})
