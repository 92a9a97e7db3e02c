import { expect, test } from 'vitest'
import { GatewayError } from '../errors.ts'
import { bestEffort } from './best-effort-keep.ts'

const failing = (error: Error) => ({ get: () => Promise.reject(error), set: () => Promise.reject(error) })

test('while the store is away nothing is found or kept, and nobody is held up', async () => {
  const lost: unknown[] = []
  const away = new GatewayError('away', { status: 503, code: 'store_unavailable' })
  const keep = bestEffort<{ a: number }>(failing(away), (error) => lost.push(error))
  expect(await keep.get('ann', 'x')).toBeUndefined()
  await keep.set('ann', 'x', { a: 1 })
  expect(lost).toEqual([away, away])
})

test('what is wrong in any other way is told', async () => {
  const keep = bestEffort<{ a: number }>(failing(new Error('a bug')), () => expect.unreachable())
  await expect(keep.get('ann', 'x')).rejects.toThrow('a bug')
})
