import { describe, expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { passTime } from '../../test/support/stored-runs.ts'
import { createMemoryKeep, type Keep } from './keep.ts'
import { createStoredKeep } from './stored-keep.ts'

const TTL_MS = 60_000

type Kept = { keep: Keep<{ text: string }>; pass(ms: number): Promise<void> }

const KEEPS: { name: string; create(maxBytes?: number): Promise<Kept> }[] = [
  {
    name: 'in memory',
    async create(maxBytes = 100_000) {
      let nowMs = 1_000
      const keep = createMemoryKeep<{ text: string }>({ ttlMs: TTL_MS, maxBytes, now: () => nowMs })
      return {
        keep,
        async pass(ms) {
          nowMs += ms
        },
      }
    },
  },
  {
    name: 'in the store',
    async create(maxBytes = 100_000) {
      const database = await testDatabase()
      const keep = createStoredKeep<{ text: string }>({ database, kind: 'x', ttlMs: TTL_MS, maxBytes: maxBytes / 2 })
      return { keep, pass: (ms) => passTime(database, ms) }
    },
  },
]

describe.each(KEEPS)('$name', ({ create }) => {
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
    const { keep } = await create(20_000)
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'])
      await keep.set('alice', id, { text: 'x'.repeat(1_000) })
    expect(await keep.get('alice', 'a')).toBeUndefined()
    expect(await keep.get('alice', 'j')).toBeDefined()
  })

  test('what would push out many others is not kept, and nothing else goes for it', async () => {
    const { keep } = await create(80_000)
    await keep.set('alice', 'small', { text: 'x' })
    await keep.set('alice', 'large', { text: 'x'.repeat(10_000) })
    expect(await keep.get('alice', 'large')).toBeUndefined()
    expect(await keep.get('alice', 'small')).toBeDefined()
  })
})
