import { expect, test } from 'vitest'
import { scriptedBlockHash, scriptedRpcNode } from '../../test/support/rpc-node.ts'
import { cacheReads, createReadStore } from './cache.ts'
import { createHttpRpc } from './http.ts'

const block = { number: 16n, hash: scriptedBlockHash(16n) }
const nonce = { method: 'eth_getTransactionCount', params: ['0xAb', '0x10'] }

test('a read at a known block is asked once, however the params are written', async () => {
  await using node = await scriptedRpcNode()
  const rpc = cacheReads({ chainId: 1, store: createReadStore() }, createHttpRpc({ url: node.url }))

  expect(await rpc({ ...nonce, block })).toBe('0x1')
  expect(await rpc({ ...nonce, params: ['0xaB', '0x10'], block })).toBe('0x1')
  expect(node.requests).toHaveLength(1)
})

test('another hash at the same height, another chain or other params are other reads', async () => {
  await using node = await scriptedRpcNode()
  const store = createReadStore()
  const next = createHttpRpc({ url: node.url })
  const rpc = cacheReads({ chainId: 1, store }, next)

  await rpc({ ...nonce, block })
  await rpc({ ...nonce, block: { ...block, hash: scriptedBlockHash(16n, 'other') } })
  await rpc({ ...nonce, params: ['0xac', '0x10'], block })
  await cacheReads({ chainId: 10, store }, next)({ ...nonce, block })
  expect(node.requests).toHaveLength(4)
})

test('a read of no known block is asked each time', async () => {
  await using node = await scriptedRpcNode()
  const rpc = cacheReads({ chainId: 1, store: createReadStore() }, createHttpRpc({ url: node.url }))

  await rpc({ ...nonce, params: ['0xa', 'latest'] })
  await rpc({ ...nonce, params: ['0xa', 'latest'] })
  expect(node.requests).toHaveLength(2)
})

test('null and errors are not kept', async () => {
  let answer: () => unknown = () => null
  await using node = await scriptedRpcNode({ answers: { eth_getCode: () => answer() } })
  const rpc = cacheReads({ chainId: 1, store: createReadStore() }, createHttpRpc({ url: node.url }))
  const code = { method: 'eth_getCode', params: ['0xa', '0x10'], block }

  expect(await rpc(code)).toBeNull()
  answer = () => {
    throw { code: -32000, message: 'header not found' }
  }
  await expect(rpc(code)).rejects.toThrow('header not found')
  answer = () => '0x60'
  expect(await rpc(code)).toBe('0x60')
})

test('identical reads in flight are one request, and an abort leaves the others their answer', async () => {
  await using node = await scriptedRpcNode({ mood: { type: 'slow', ms: 500 } })
  const rpc = cacheReads({ chainId: 1, store: createReadStore() }, createHttpRpc({ url: node.url }))
  const caller = new AbortController()
  const leaving = rpc({ ...nonce, signal: caller.signal })
  const staying = rpc(nonce)
  await expect.poll(() => node.openPosts).toBe(1)

  caller.abort(new Error('gone'))

  await expect(leaving).rejects.toThrow('gone')
  expect(await staying).toBe('0x1')
  expect(node.requests).toHaveLength(1)
})

test('the last one to leave aborts the request, and who comes after asks anew', async () => {
  await using node = await scriptedRpcNode({ mood: { type: 'hang' } })
  const rpc = cacheReads({ chainId: 1, store: createReadStore() }, createHttpRpc({ url: node.url }))
  const caller = new AbortController()
  const leaving = rpc({ ...nonce, signal: caller.signal })
  await expect.poll(() => node.openPosts).toBe(1)

  node.mood = { type: 'well' }
  caller.abort(new Error('gone'))
  const after = rpc(nonce)

  await expect(leaving).rejects.toThrow('gone')
  expect(await after).toBe('0x1')
})

test('what one reader does to its result stays with it', async () => {
  await using node = await scriptedRpcNode({ answers: { eth_getLogs: () => [{ data: '0x1' }] } })
  const rpc = cacheReads({ chainId: 1, store: createReadStore() }, createHttpRpc({ url: node.url }))
  const logs = () => rpc({ method: 'eth_getLogs', params: [{}], block }) as Promise<unknown[]>

  const [first, joined] = await Promise.all([logs(), logs()])
  first.length = 0
  expect(joined).toEqual([{ data: '0x1' }])
  joined.length = 0
  expect(await logs()).toEqual([{ data: '0x1' }])
  expect(node.requests).toHaveLength(1)
})

test('the store stays within its size', async () => {
  await using node = await scriptedRpcNode()
  const store = createReadStore({ maxBytes: 1_000 })
  const rpc = cacheReads({ chainId: 1, store }, createHttpRpc({ url: node.url }))

  for (let index = 0; index < 20; index++) await rpc({ ...nonce, params: [`0x${index}`, '0x10'], block })

  expect(store.calculatedSize).toBeLessThanOrEqual(1_000)
  expect(store.size).toBeGreaterThan(1)
})
