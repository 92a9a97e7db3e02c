import fc from 'fast-check'
import { expect, test } from 'vitest'
import { add, divide, multiply, negate, power, rational, toDecimal } from './rational.ts'

const fraction = fc
  .tuple(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.bigInt(1n, 10n ** 20n))
  .map(([num, den]) => rational(num, den))

test('sums and products undo each other exactly', () => {
  fc.assert(
    fc.property(fraction, fraction, (a, b) => {
      expect(add(add(a, b), negate(b))).toEqual(a)
      if (b.num !== 0n) expect(multiply(divide(a, b), b)).toEqual(a)
    }),
  )
})

test('a decimal that ends is exact, and reads back as the same number', () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 40n), 10n ** 40n), fc.integer({ min: 0, max: 40 }), (digits, places) => {
      const value = rational(digits, 10n ** BigInt(places))
      const { text, rounded } = toDecimal(value)
      const [whole = '', decimals = ''] = text.split('.')
      expect(rounded).toBe(false)
      expect(rational(BigInt(whole + decimals), 10n ** BigInt(decimals.length))).toEqual(value)
    }),
  )
})

test.each([
  [1n, 3n, '0.33333333333333333333'],
  [2n, 3n, '0.66666666666666666667'],
  [-2n, 3n, '-0.66666666666666666667'],
  [25_000_000_000_000_000_000n, 3n, '8333333333333333333.3'],
  [10n ** 40n, 3n, '3333333333333333333333333333333333333333'],
  [1n, 3n * 10n ** 30n, '0.00000000000000000000000000000033333333333333333333'],
])('%s / %s is rounded to 20 digits, and says so', (num, den, text) => {
  expect(toDecimal(rational(num, den))).toEqual({ text, rounded: true })
})

test('powers are exact both ways', () => {
  expect(power(rational(2n), 256n).num).toBe(2n ** 256n)
  expect(power(rational(2n, 3n), -2n)).toEqual(rational(9n, 4n))
  expect(power(rational(-1n), 10n ** 30n + 1n)).toEqual(rational(-1n))
})

test('a number that would fill memory is refused before it is made', () => {
  expect(() => power(rational(10n), 10n ** 12n)).toThrow(RangeError)
  expect(() => power(rational(10n), -(10n ** 12n))).toThrow(RangeError)
  expect(() => multiply(rational(2n ** 16_000n), rational(2n ** 16_000n))).toThrow(RangeError)
  expect(() => divide(rational(1n), rational(0n))).toThrow('division by zero')
})
