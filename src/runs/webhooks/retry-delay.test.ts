import { expect, test } from 'vitest'
import { toRetryDelayMs } from './retry-delay.ts'

test('the waits grow from seconds to hours, then it is given up', () => {
  const middle = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => toRetryDelayMs(failures, () => 0.5))
  expect(middle).toEqual([5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, undefined, undefined])
})

test('a wait is a fifth shorter or longer', () => {
  expect([toRetryDelayMs(1, () => 0), toRetryDelayMs(1, () => 1)]).toEqual([4_000, 6_000])
})
