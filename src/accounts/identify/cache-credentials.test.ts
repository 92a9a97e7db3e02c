import { expect, test } from 'vitest'
import { cacheCredentials } from './cache-credentials.ts'
import type { CredentialName, StoredCredential } from './find-credential.ts'

const credential = (leftMs?: number): StoredCredential => ({
  kind: 'key',
  key: { id: 'key_0123456789abcdef', name: 'test' },
  account: 'acct_0123456789abcdef',
  wallet: undefined,
  binding: undefined,
  orgMode: 'strict',
  scopes: {},
  ips: undefined,
  seats: [],
  leftMs,
})

const KEY: CredentialName = { kind: 'key', hash: 'a'.repeat(64) }

/** A store that tells `answer`, and how often it was asked. */
function scripted(answer: StoredCredential | undefined | Error) {
  const store = { answer, asked: 0, nowMs: 0 }
  const find = cacheCredentials(
    async () => {
      store.asked++
      if (store.answer instanceof Error) throw store.answer
      return store.answer
    },
    () => store.nowMs,
  )
  return { store, find }
}

test('what was found is known for two seconds, and asked for again after them', async () => {
  const { store, find } = scripted(credential())
  await find(KEY)
  store.answer = undefined
  store.nowMs = 1_999
  expect(await find(KEY)).toBeDefined()
  expect(store.asked).toBe(1)
  store.nowMs = 2_000
  expect(await find(KEY)).toBeUndefined()
})

test('what was not found is asked for again after a second', async () => {
  const { store, find } = scripted(undefined)
  await find(KEY)
  store.answer = credential()
  store.nowMs = 999
  expect(await find(KEY)).toBeUndefined()
  store.nowMs = 1_000
  expect(await find(KEY)).toBeDefined()
})

test('a credential is not known beyond its end', async () => {
  const { store, find } = scripted(credential(300))
  await find(KEY)
  store.nowMs = 299
  await find(KEY)
  expect(store.asked).toBe(1)
  store.nowMs = 300
  await find(KEY)
  expect(store.asked).toBe(2)
})

test('the seconds count from when the store was asked: what it told late is old already', async () => {
  let tell = (_credential: StoredCredential) => {}
  let asked = 0
  let nowMs = 0
  const find = cacheCredentials(
    () => {
      asked++
      return new Promise((resolve) => {
        tell = resolve
      })
    },
    () => nowMs,
  )
  const first = find(KEY)
  nowMs = 1_999
  const joined = find(KEY)
  expect(asked).toBe(1)
  nowMs = 2_000
  const anew = find(KEY)
  expect(asked).toBe(2)
  tell(credential())
  await anew
  nowMs = 3_999
  await find(KEY)
  expect(asked).toBe(2)
  void Promise.all([first, joined])
})

test('all who ask at once are told what the store tells once', async () => {
  const { store, find } = scripted(credential())
  const found = await Promise.all(Array.from({ length: 50 }, () => find(KEY)))
  expect(new Set(found).size).toBe(1)
  expect(store.asked).toBe(1)
})

test('a store that is away is told to each, and asked again at once', async () => {
  const { store, find } = scripted(new Error('away'))
  await expect(Promise.all([find(KEY), find(KEY)])).rejects.toThrow('away')
  store.answer = credential()
  expect(await find(KEY)).toBeDefined()
})

test('a key and a session are told apart', async () => {
  const { store, find } = scripted(credential())
  await find(KEY)
  await find({ ...KEY, kind: 'session' })
  expect(store.asked).toBe(2)
})

test('who tries many keys does not make the gateway forget those that are', async () => {
  const { store, find } = scripted(credential())
  await find(KEY)
  store.answer = undefined
  for (let at = 0; at < 25_000; at++) await find({ kind: 'key', hash: String(at) })
  const { asked } = store
  expect(await find(KEY)).toBeDefined()
  expect(store.asked).toBe(asked)
})
