import { expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { createStoredKeep } from './stored-keep.ts'

type Value = { text: string; number?: bigint }

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
  expect(await create().get('alice', '0-59')).toBeDefined()
  expect(await create().get('bob', 'his')).toBeDefined()
})
