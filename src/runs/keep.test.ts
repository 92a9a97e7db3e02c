import { expect, test } from 'vitest'
import { createMemoryKeep } from './keep.ts'

const create = (maxBytes = 100_000) => createMemoryKeep<{ text: string }>({ ttlMs: 60_000, maxBytes })

test('a caller finds what it kept, and nobody else does', async () => {
  const keep = create()
  await keep.set('alice', 'a', { text: 'hers' })
  expect(await keep.get('alice', 'a')).toEqual({ text: 'hers' })
  expect(await keep.get('bob', 'a')).toBeUndefined()
  expect(await keep.delete('bob', 'a')).toBe(false)
  expect(await keep.delete('alice', 'a')).toBe(true)
  expect(await keep.get('alice', 'a')).toBeUndefined()
})

test('no id of one caller is another id of another', async () => {
  const keep = create()
  await keep.set('a', 'b","c', { text: 'x' })
  expect(await keep.get('a","b', 'c')).toBeUndefined()
})

test('what was kept is a copy', async () => {
  const keep = create()
  const value = { text: 'first' }
  await keep.set('alice', 'a', value)
  value.text = 'changed'
  expect(await keep.get('alice', 'a')).toEqual({ text: 'first' })
})

test('it is gone once its time is over', async () => {
  let nowMs = 1_000
  const keep = createMemoryKeep<{ text: string }>({ ttlMs: 60_000, maxBytes: 100_000, now: () => nowMs })
  await keep.set('alice', 'a', { text: 'x' })
  nowMs += 60_000
  expect(await keep.get('alice', 'a')).toEqual({ text: 'x' })
  nowMs += 1
  expect(await keep.delete('alice', 'a')).toBe(false)
  expect(await keep.get('alice', 'a')).toBeUndefined()
})

test('the oldest makes room for the newest', async () => {
  const keep = create(20_000)
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
    await keep.set('alice', id, { text: 'x'.repeat(1_000) })
  expect(await keep.get('alice', 'a')).toBeUndefined()
  expect(await keep.get('alice', 'j')).toBeDefined()
})

test('what would push out many others is not kept, and nothing else goes for it', async () => {
  const keep = create(80_000)
  await keep.set('alice', 'small', { text: 'x' })
  await keep.set('alice', 'large', { text: 'x'.repeat(10_000) })
  expect(await keep.get('alice', 'large')).toBeUndefined()
  expect(await keep.get('alice', 'small')).toBeDefined()
})
