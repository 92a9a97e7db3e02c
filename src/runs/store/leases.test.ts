import { expect, test } from 'vitest'
import { testStore } from '../../../test/support/stored-runs.ts'
import { createLeases } from './leases.ts'

test('of many who want a lease at once, one gets it, until it is freed or its time is over', async () => {
  const { database, pass } = await testStore()
  const leases = createLeases({ database })
  const taken = await Promise.all(Array.from({ length: 8 }, (_, i) => leases.take('warm', `p${i}`, 10_000)))
  expect(taken.filter(Boolean)).toHaveLength(1)
  const holder = `p${taken.indexOf(true)}`
  expect(await leases.take('cold', 'other', 10_000)).toBe(true)
  await leases.free('warm', 'other')
  expect(await leases.take('warm', 'other', 10_000)).toBe(false)
  await pass(6_000)
  expect(await leases.take('warm', holder, 10_000)).toBe(true)
  await pass(6_000)
  expect(await leases.take('warm', 'other', 10_000)).toBe(false)
  await pass(4_001)
  expect(await leases.take('warm', 'other', 10_000)).toBe(true)
  await leases.free('warm', 'other')
  expect(await leases.take('warm', holder, 10_000)).toBe(true)
})
