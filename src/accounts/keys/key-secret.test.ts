import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { hashSecret, newKeySecret } from './key-secret.ts'

test('a secret is gw_ and 256 bits in base64url, of which the hint shows seven characters', () => {
  const { secret, hash, hint } = newKeySecret()
  expect(secret).toMatch(/^gw_[\w-]{43}$/)
  expect(Buffer.from(secret.slice(3), 'base64url')).toHaveLength(32)
  expect(hash).toBe(createHash('sha256').update(secret).digest('hex'))
  expect(hash).toBe(hashSecret(secret))
  expect(hint).toBe(`${secret.slice(0, 6)}…${secret.slice(-4)}`)
})

test('no two are alike', () => {
  expect(new Set(Array.from({ length: 1_000 }, () => newKeySecret().secret)).size).toBe(1_000)
})
