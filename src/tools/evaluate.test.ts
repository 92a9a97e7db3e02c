import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate } from './evaluate.ts'
import { toDecimal } from './rational.ts'
import { ToolError } from './tool-error.ts'

function show(expression: string): string {
  const { value, unit } = evaluate(expression)
  return [toDecimal(value).text, unit ?? ''].join(' ').trim()
}

test.each([
  ['1 + 2 * 3', '7'],
  ['(1 + 2) * 3', '9'],
  ['0.1 + 0.2', '0.3'],
  ['-3 ^ 2', '-9'],
  ['2 ^ 3 ^ 2', '512'],
  ['10 ** -3', '0.001'],
  ['7 - -2', '9'],
  ['1,234,567.5 * 2', '2469135'],
  ['1_000 / 8', '125'],
  ['5 – 3', '2'],
  ['1.5e18 / 1e18', '1.5'],
  ['15% of 3412.75', '511.9125'],
  ['50% * 50%', '0.25'],
  ['100 * (1 + 5%)', '105'],
  ['3 plus 4 times 2', '11'],
  ['10 divided by 4', '2.5'],
  ['2 x 3', '6'],
  ['20 percent of 50', '10'],
  ['2 to the power of 10 =?', '1024'],
])('%s is %s', (expression, result) => {
  expect(show(expression)).toBe(result)
})

test.each([
  ['1.5 ether in wei', '1500000000000000000 wei'],
  ['30 gwei * 21000', '0.00063 ether'],
  ['30 gwei * 21000 in gwei', '630000 gwei'],
  ['1 wei in ether', '0.000000000000000001 ether'],
  ['2 eth + 500000000 gwei', '2.5 ether'],
  ['1 ether / 2 gwei', '500000000'],
  ['10% of 3 ether', '0.3 ether'],
  ['1e18 wei to ether', '1 ether'],
  ['raw(1.5, 6)', '1500000'],
  ['whole(1234500000, 6)', '1234.5'],
])('with units, %s is %s', (expression, result) => {
  expect(show(expression)).toBe(result)
})

test.each([
  ['', 'A number is missing at the end'],
  ['1 +', 'A number is missing at the end'],
  ['(1 + 2', "')' is missing at the end"],
  ['1 2', 'stands where the expression should end'],
  ['2 * foo', "'foo' cannot be understood"],
  ['1; 2', "'; 2' cannot be understood"],
  ['1 / 0', 'division by zero'],
  ['200 + 10%', 'ambiguous'],
  ['1 ether + 1', 'cannot be added'],
  ['1 ether * 1 ether', 'do not cancel'],
  ['5 in wei', 'plain number cannot be shown'],
  ['1 ether in usd', 'wei, gwei or ether'],
  ['2 ^ 0.5', 'whole exponents'],
  ['9 ^ 9 ^ 9 ^ 9', 'too large'],
  ['0,125 * 2', "'0,125' is unclear"],
  ['1234,567', "'1234,567' is unclear"],
  ['1e9999', 'cannot be calculated: the number grows too large'],
  ['raw(1, 1.5)', 'Decimals are a whole number'],
  [`${'('.repeat(200)}1${')'.repeat(200)}`, 'nested deeper'],
  ['1+'.repeat(400), 'at most 500 characters'],
])('%s is refused with the reason', (expression, reason) => {
  expect(() => evaluate(expression)).toThrow(ToolError)
  expect(() => evaluate(expression)).toThrow(reason)
})

test('whatever is written, the answer is a value or a reason', () => {
  const piece = fc.constantFrom(
    '1',
    '2.5',
    '1e9',
    '+',
    '-',
    '*',
    '/',
    '^',
    '(',
    ')',
    '%',
    ' wei',
    ' ether',
    ' in ',
    ' of ',
    'raw(',
    ',',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      try {
        expect(evaluate(pieces.join('')).value.den > 0n).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(ToolError)
      }
    }),
    { numRuns: 500 },
  )
})
