import { expect, test } from 'vitest'
import { toDuration } from './rate-limit-headers.ts'

test.each([
  [0, '0s'],
  [0.2, '1ms'],
  [119.4, '120ms'],
  [1_000, '1s'],
  [5_001, '6s'],
  [59_001, '1m0s'],
  [60_000, '1m0s'],
  [360_000, '6m0s'],
])('%f ms are told as %s', (ms, text) => expect(toDuration(ms)).toBe(text))
