import { expect, test } from 'vitest'
import { createCallerLimit } from './caller-limit.ts'

test('a caller has no more at once than the limit, and another caller is not asked to wait', () => {
  const { enter } = createCallerLimit(2)
  enter('a')
  enter('a')
  expect(() => enter('a')).toThrow(expect.objectContaining({ status: 429, code: 'rate_limit_exceeded' }))
  enter('b')
})

test('one that leaves makes room for one other, however often it leaves', () => {
  const { enter } = createCallerLimit(1)
  const leave = enter('a')
  leave()
  leave()
  enter('a')
  expect(() => enter('a')).toThrow()
})
