import { expect, test } from 'vitest'
import { amount, toAbout, toAmount, toReadable, toWords, withSeparators } from './amount.ts'

test('an amount is exact past what a double can hold', () => {
  const held = toAmount(18_250_000_000_000_000_000_001n, { decimals: 18, symbol: 'ETH' })
  expect(held).toEqual({
    raw: '18250000000000000000001',
    decimals: 18,
    symbol: 'ETH',
    formatted: '18250.000000000000000001',
  })
  expect(amount.parse(held)).toEqual(held)
})

test('an amount of a token without decimals, and a negative one, are written plainly', () => {
  expect(toAmount(12n, { decimals: 0, symbol: 'NFT' }).formatted).toBe('12')
  expect(toAmount(-1n, { decimals: 6, symbol: 'USDC' }).formatted).toBe('-0.000001')
})

test('an amount whose raw part is no whole number is refused', () => {
  expect(amount.safeParse({ raw: '1.5', decimals: 6, symbol: 'USDC', formatted: '1.5' }).success).toBe(false)
})

test.each([
  ['1234567.891', '1,234,567.891'],
  ['-1234567', '-1,234,567'],
  ['999', '999'],
  ['0.1234567', '0.1234567'],
])('thousands of %s stand apart as %s', (plain, separated) => {
  expect(withSeparators(plain)).toBe(separated)
})

test('an amount in a sentence keeps all its digits', () => {
  expect(toWords(toAmount(1_234_567_000_001n, { decimals: 6, symbol: 'USDC' }))).toBe('1,234,567.000001 USDC')
})

test.each([
  ['4150.12345678', '4150.12'],
  ['0.99991234', '0.99991'],
  ['0.99999999', '1'],
  ['0.000012345678', '0.000012346'],
  ['118234.5', '118234.5'],
  ['1.00012', '1.0001'],
  ['-2.345678', '-2.3457'],
  ['12', '12'],
])('%s is shown as %s', (exact, readable) => {
  expect(toReadable(exact)).toBe(readable)
})

test.each([
  ['4150.12345678', 'about 4,150.12'],
  ['40.000000000000000001', 'about 40'],
  ['22.43', '22.43'],
  ['118234.5', '118,234.5'],
])('%s in a sentence is %s: what is rounded says so', (exact, shown) => {
  expect(toAbout(exact)).toBe(shown)
})
