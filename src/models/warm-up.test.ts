import { expect, test } from 'vitest'
import { createMemoryWarmUps } from './warm-up.ts'

test('one holder at a time has a warm-up, and may take it again', async () => {
  const warmUps = createMemoryWarmUps()
  expect(await warmUps.take('a', 'one', 1_000)).toBe(true)
  expect(await warmUps.take('a', 'two', 1_000)).toBe(false)
  expect(await warmUps.take('a', 'one', 1_000)).toBe(true)
  expect(await warmUps.take('b', 'two', 1_000)).toBe(true)
})

test('it is free once its holder says so, and nobody else can', async () => {
  const warmUps = createMemoryWarmUps()
  await warmUps.take('a', 'one', 1_000)
  await warmUps.free('a', 'two')
  expect(await warmUps.take('a', 'two', 1_000)).toBe(false)
  await warmUps.free('a', 'one')
  expect(await warmUps.take('a', 'two', 1_000)).toBe(true)
})

test('it is free once its holder has not taken it again in time', async () => {
  let nowMs = 0
  const warmUps = createMemoryWarmUps({ now: () => nowMs })
  await warmUps.take('a', 'one', 1_000)
  nowMs = 999
  expect(await warmUps.take('a', 'two', 1_000)).toBe(false)
  nowMs = 1_000
  expect(await warmUps.take('a', 'two', 1_000)).toBe(true)
  expect(await warmUps.take('a', 'one', 1_000)).toBe(false)
})
