import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { passTime } from '../../../test/support/stored-runs.ts'
import { createStoredKeep } from './stored-keep.ts'

type Value = { text: string; number?: bigint }

const TTL_MS = 60_000

async function create(maxBytes = 50_000) {
  const database = await testDatabase()
  const keep = createStoredKeep<Value>({ database, kind: 'x', ttlMs: TTL_MS, maxBytes })
  return { keep, pass: (ms: number) => passTime(database, ms) }
}

test('a caller finds what it kept, and nobody else does', async () => {
  const { keep } = await create()
  await keep.set('alice', 'a', { text: 'hers' })
  expect(await keep.get('alice', 'a')).toEqual({ text: 'hers' })
  expect(await keep.get('bob', 'a')).toBeUndefined()
  expect(await keep.delete('bob', 'a')).toBe(false)
  expect(await keep.delete('alice', 'a')).toBe(true)
  expect(await keep.get('alice', 'a')).toBeUndefined()
})

test('no id of one caller is another id of another', async () => {
  const { keep } = await create()
  await keep.set('a', 'b","c', { text: 'x' })
  expect(await keep.get('a","b', 'c')).toBeUndefined()
})

test('any text can be an id, and any text can be kept', async () => {
  const { keep } = await create()
  const ids = [
    '',
    ' ',
    'a\u0000',
    'a',
    'é',
    '\ud83d',
    '\ufffd',
    'x'.repeat(1_000),
    'x'.repeat(1_001),
    `sha256:${'0'.repeat(64)}`,
  ]
  for (const id of ids) await keep.set('alice', id, { text: `\u0000n1 ${id}` })
  for (const id of ids) expect(await keep.get('alice', id)).toEqual({ text: `\u0000n1 ${id}` })
})

test('what was kept is a copy', async () => {
  const { keep } = await create()
  const value = { text: 'first' }
  await keep.set('alice', 'a', value)
  value.text = 'changed'
  expect(await keep.get('alice', 'a')).toEqual({ text: 'first' })
})

test('what is kept under the same id takes the place of what was, for a time of its own', async () => {
  const { keep, pass } = await create()
  await keep.set('alice', 'a', { text: 'first' })
  await pass(TTL_MS - 20_000)
  await keep.set('alice', 'a', { text: 'second' })
  await pass(TTL_MS - 20_000)
  expect(await keep.get('alice', 'a')).toEqual({ text: 'second' })
})

test('it is gone once its time is over', async () => {
  const { keep, pass } = await create()
  await keep.set('alice', 'a', { text: 'x' })
  await pass(TTL_MS - 20_000)
  expect(await keep.get('alice', 'a')).toEqual({ text: 'x' })
  await pass(20_001)
  expect(await keep.get('alice', 'a')).toBeUndefined()
  expect(await keep.delete('alice', 'a')).toBe(false)
})

test('the oldest makes room for the newest', async () => {
  const { keep } = await create(10_000)
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
    await keep.set('alice', id, { text: 'x'.repeat(1_000) })
  expect(await keep.get('alice', 'a')).toBeUndefined()
  expect(await keep.get('alice', 'j')).toBeDefined()
})

test('what would push out many others is not kept, and nothing else goes for it', async () => {
  const { keep } = await create(40_000)
  await keep.set('alice', 'small', { text: 'x' })
  await keep.set('alice', 'large', { text: 'x'.repeat(10_000) })
  expect(await keep.get('alice', 'large')).toBeUndefined()
  expect(await keep.get('alice', 'small')).toBeDefined()
})

test('what one process keeps another finds, bigints and all', async () => {
  const database = await testDatabase()
  const [one, other] = [0, 1].map(() => createStoredKeep<Value>({ database, kind: 'turn', ttlMs: 60_000 }))
  const value = { text: 'NUL \u0000, half a pair \ud83d', number: 2n ** 70n }
  await one?.set('alice', 'a', value)
  expect(await other?.get('alice', 'a')).toEqual(value)
})

test('keeps of different kinds do not meet', async () => {
  const database = await testDatabase()
  const turns = createStoredKeep<Value>({ database, kind: 'turn', ttlMs: 60_000 })
  const responses = createStoredKeep<Value>({ database, kind: 'response', ttlMs: 60_000 })
  await turns.set('alice', 'a', { text: 'x' })
  expect(await responses.get('alice', 'a')).toBeUndefined()
  expect(await responses.delete('alice', 'a')).toBe(false)
})

test('a caller that keeps on keeping, in many processes at once, fills no disk and takes no room of others', async () => {
  const database = await testDatabase()
  const create = () => createStoredKeep<Value>({ database, kind: 'turn', ttlMs: 60_000, maxBytes: 64_000 })
  await create().set('bob', 'his', { text: 'x' })
  const keeps = Array.from({ length: 4 }, create)
  const text = 'x'.repeat(1_000)
  await Promise.all(
    keeps.map(async (keep, k) => {
      for (let i = 0; i < 60; i++) await keep.set('alice', `${k}-${i}`, { text })
    }),
  )
  const { rows } = await database.pool.query<{ bytes: number }>(
    `select sum(octet_length(value))::int as bytes from kept where caller = 'alice'`,
  )
  expect(rows[0]?.bytes).toBeLessThan(64_000 * 1.25)
  await keeps[0]?.set('alice', 'newest', { text })
  expect(await create().get('alice', 'newest')).toBeDefined()
  expect(await create().get('bob', 'his')).toBeDefined()
})
