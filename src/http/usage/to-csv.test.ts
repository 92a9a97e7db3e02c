import { expect, test } from 'vitest'
import { toCsv } from './to-csv.ts'

test('cells are apart by commas, and lines end with CR and LF', () => {
  expect(
    toCsv([
      ['model', 'runs'],
      ['operator', 3],
      [null, 0],
    ]),
  ).toBe('model,runs\r\noperator,3\r\n,0\r\n')
})

test.each([
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['a\rb', '"a\rb"'],
  ['plain text', 'plain text'],
  ['', ''],
])('a cell that holds what is special is quoted: %j', (text, cell) => {
  expect(toCsv([[text]])).toBe(`${cell}\r\n`)
})

test.each([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@cf/meta', "'@cf/meta"],
  ['\t=1', "'\t=1"],
  ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
  ['a=1', 'a=1'],
  ['1-2', '1-2'],
])('no spreadsheet takes a cell for a formula: %j', (text, cell) => {
  expect(toCsv([[text]])).toBe(`${cell}\r\n`)
})
