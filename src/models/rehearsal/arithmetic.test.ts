import { expect, test } from 'vitest'
import { readArithmetic } from './arithmetic.ts'

const isUnit = (word: string) => ['wei', 'gwei', 'ether'].includes(word)

function read(text: string): string | undefined {
  const found = readArithmetic(text, text.search(/\d/), isUnit)
  return found && text.slice(found.start, found.end)
}

test.each([
  ['15% of 3412.75', '15% of 3412.75'],
  ['(1 + 2) * 3 please', '(1 + 2) * 3'],
  ['-2 ^ 10', '-2 ^ 10'],
  ['1.5 ether to wei', '1.5 ether to wei'],
  ['1.5 ether to anything', '1.5 ether to anything'],
  ['30 gwei * 21,000 in ether and then', '30 gwei * 21,000 in ether'],
  ['10 divided by 4', '10 divided by 4'],
  ['2 x 3', '2 x 3'],
])('in "%s" it is "%s"', (text, expected) => {
  expect(read(text)).toBe(expected)
})

test.each(['23500000', '5 apples', '10 ETH worth', '3 hours ago'])('"%s" holds none', (text) => {
  expect(read(text)).toBeUndefined()
})
