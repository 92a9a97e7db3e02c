import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MICRO_PER_CREDIT, parseCreditText, toCreditText } from './credits.ts'

const amount = fc.bigInt({ min: 0n, max: 10n ** 18n - 1n })

test('an amount comes back from its text, to the last micro-credit', () => {
  fc.assert(
    fc.property(amount, (micro) => {
      expect(parseCreditText(toCreditText(micro))).toBe(micro)
    }),
  )
  expect(parseCreditText(toCreditText(2n ** 53n + 1n))).toBe(2n ** 53n + 1n)
})

test('the text of an amount has no digit too many', () => {
  fc.assert(
    fc.property(amount, (micro) => {
      expect(toCreditText(micro)).toMatch(/^(0|[1-9]\d*)(\.\d{0,5}[1-9])?$/)
      if (micro > 0n) expect(toCreditText(-micro)).toBe(`-${toCreditText(micro)}`)
    }),
  )
  const texts = [0n, 1n, 100_000n, MICRO_PER_CREDIT, 1_250_000n, -1n].map(toCreditText)
  expect(texts).toEqual(['0', '0.000001', '0.1', '1', '1.25', '-0.000001'])
})

test('texts are in the order of their amounts', () => {
  fc.assert(
    fc.property(amount, amount, (one, two) => {
      const parse = (text: string) => parseCreditText(text) ?? -1n
      expect(parse(toCreditText(one)) < parse(toCreditText(two))).toBe(one < two)
    }),
  )
})

test.each([
  ...['', ' ', '.5', '1.', '1.0000001', '-1', '+1', '1e3', '0x10', '1,5', '1_000', 'NaN', 'Infinity', '1.2.3', '１'],
  '1000000000000',
])('%j is no amount', (text) => {
  expect(parseCreditText(text)).toBeUndefined()
})

test('zeros and blanks around an amount change nothing', () => {
  expect([' 1.50 ', '01.5', '1.500000'].map(parseCreditText)).toEqual([1_500_000n, 1_500_000n, 1_500_000n])
})
