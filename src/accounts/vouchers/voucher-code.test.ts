import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashVoucherCode, newVoucherCode, toVoucherHint } from './voucher-code.ts'

test('a code is five groups of five, which nobody mistakes for another', () => {
  const codes = Array.from({ length: 200 }, newVoucherCode)
  for (const code of codes) expect(code).toMatch(/^gwv_[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){4}$/)
  expect(new Set(codes).size).toBe(200)
  expect(new Set(codes.join('').replace(/gwv_|-/g, '')).size).toBe(32)
})

test.each([
  'gwv_7k3m9-x2qp4-n8vtc-5wh0d-j6rb1',
  ' GWV_7K3M9-X2QP4-N8VTC-5WH0D-J6RB1\n',
  'gwv_7k3m9x2qp4n8vtc5wh0dj6rb1',
  'gwv_7k3m9 x2qp4 n8vtc 5wh0d j6rb1',
  'gwv_7k3m9-x2qp4-n8vtc-5whod-j6rbl',
])('a code counts however it is typed: %j', (typed) => {
  expect(hashVoucherCode(typed)).toBe(hash('sha256', 'gwv_7k3m9x2qp4n8vtc5wh0dj6rb1'))
})

test.each([
  '',
  'gwv_',
  '7k3m9-x2qp4-n8vtc-5wh0d-j6rb1',
  'gwv_7k3m9-x2qp4-n8vtc-5wh0d',
  'gwv_7k3m9-x2qp4-n8vtc-5wh0d-j6rb1a',
])('what is no code has no hash: %j', (typed) => {
  expect(hashVoucherCode(typed)).toBeUndefined()
})

test('a hint is a fifth of the code', () => {
  expect(toVoucherHint('gwv_7k3m9-x2qp4-n8vtc-5wh0d-j6rb1')).toBe('gwv_7k3m9…')
})

test('no text makes it fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      hashVoucherCode(text)
      hashVoucherCode(`gwv_${text}`)
    }),
  )
})
