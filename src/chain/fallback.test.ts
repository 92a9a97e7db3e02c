import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { closedRpcUrl, type RpcNode, type RpcNodeMood, scriptedRpcNode } from '../../test/support/rpc-node.ts'
import { checkChainId } from './check-chain-id.ts'
import { createFallback } from './fallback.ts'
import { createHttpRpc } from './http.ts'
import type { Rpc } from './rpc.ts'

const nonce = { method: 'eth_getTransactionCount', params: ['0xa', '0x1'] }
const head = { method: 'eth_getBlockByNumber', params: ['latest', false] }

function fallbackOver(urls: readonly string[], { hedgeMs = 1_000, now = Date.now, timeoutMs = 3_000 } = {}): Rpc {
  const nodes = urls.map((url) => checkChainId({ chainId: 1 }, createHttpRpc({ url, timeoutMs })))
  return createFallback({ chain: 'ethereum', nodes, hint: 'Check RPC_URL_1.', hedgeMs, now })
}

const reads = (node: RpcNode) => node.requests.filter(({ method }) => method !== 'eth_chainId').length

test('the first node that is well answers alone', async () => {
  await using first = await scriptedRpcNode()
  await using second = await scriptedRpcNode()
  const rpc = fallbackOver([first.url, second.url])

  expect(await rpc(nonce)).toBe('0x1')
  expect(await rpc(nonce)).toBe('0x1')

  expect([reads(first), reads(second)]).toEqual([2, 0])
})

test.each<[string, RpcNodeMood]>([
  ['is silent', { type: 'hang' }],
  ['closes the connection', { type: 'dead' }],
  ['limits the rate by status', { type: 'status', status: 429 }],
  ['limits the rate with -32005', { type: 'error', error: { code: -32005, message: 'limit exceeded' } }],
  [
    'limits the rate with -32007',
    { type: 'error', error: { code: -32007, message: '50/second request limit reached' } },
  ],
  ['refuses our key', { type: 'status', status: 401 }],
  ['answers HTML', { type: 'text', text: '<html></html>' }],
  ['fails inside', { type: 'error', error: { code: -32603, message: 'internal error' } }],
])('a node that %s is left for the next one, and rests', async (_, mood) => {
  await using first = await scriptedRpcNode({ mood })
  await using second = await scriptedRpcNode()
  let now = Date.now()
  const rpc = fallbackOver([first.url, second.url], { now: () => now, hedgeMs: mood.type === 'hang' ? 300 : 1_000 })

  expect(await rpc(nonce)).toBe('0x1')
  await expect.poll(() => first.openPosts).toBe(0)
  const before = first.posts.length
  expect(await rpc(nonce)).toBe('0x1')
  expect(first.posts.length).toBe(before)

  now += 61_000
  first.mood = { type: 'well' }
  await rpc(nonce)
  expect(first.posts.length).toBe(before + 1)
  expect(reads(second)).toBe(2)
})

test('a node where nobody listens is left for the next one', async () => {
  await using second = await scriptedRpcNode()
  expect(await fallbackOver([await closedRpcUrl(), second.url])(nonce)).toBe('0x1')
})

test('a slow node that still answers first wins, and the other is let go', async () => {
  await using first = await scriptedRpcNode({
    mood: { type: 'slow', ms: 400 },
    answers: { eth_getTransactionCount: () => '0xf' },
  })
  await using second = await scriptedRpcNode({ mood: { type: 'hang' } })
  const rpc = fallbackOver([first.url, second.url], { hedgeMs: 50 })

  expect(await rpc(nonce)).toBe('0xf')
  expect(second.posts).toHaveLength(1)
  await expect.poll(() => second.openPosts).toBe(0)
})

test('a node on another chain is never believed, and the reason is told', async () => {
  await using wrong = await scriptedRpcNode({ chainId: 10, answers: { eth_getTransactionCount: () => '0xbad' } })
  await using right = await scriptedRpcNode()
  expect(await fallbackOver([wrong.url, right.url])(nonce)).toBe('0x1')

  const alone = fallbackOver([wrong.url])
  const message = 'No node of ethereum answers (asked 1: is on another chain). Check RPC_URL_1.'
  await expect(alone(nonce)).rejects.toThrow(message)
  const asked = wrong.posts.length
  await expect(alone(nonce)).rejects.toThrow(message)
  expect(wrong.posts.length).toBe(asked)
})

test('a revert is an answer: no other node is asked', async () => {
  const revert = { code: -32000, message: 'execution reverted: paused', data: '0x08c379a0' }
  await using first = await scriptedRpcNode({ mood: { type: 'error', error: revert } })
  await using second = await scriptedRpcNode()
  const rpc = fallbackOver([first.url, second.url])

  await expect(rpc(nonce)).rejects.toMatchObject({ code: 3, data: '0x08c379a0' })
  await expect(rpc(nonce)).rejects.toMatchObject({ code: 3 })
  expect([reads(first), reads(second)]).toEqual([2, 0])
})

test('invalid params are an answer: no other node is asked', async () => {
  await using first = await scriptedRpcNode({
    mood: { type: 'error', error: { code: -32602, message: 'invalid argument 0' } },
  })
  await using second = await scriptedRpcNode()

  await expect(fallbackOver([first.url, second.url])(nonce)).rejects.toMatchObject({ code: -32602 })
  expect(second.posts).toEqual([])
})

test.each([
  { code: -32000, message: 'header not found' },
  { code: -32000, message: 'missing trie node 0a (path ) state 0b is not available' },
  { code: -32602, message: 'BlockOutOfRangeError: block height is 5 but requested was 6' },
  { code: -32001, message: 'block not found' },
  { code: -32601, message: 'the method eth_getProof does not exist/is not available' },
])('where a node says "$message", another is asked, and the node stays in good standing', async (error) => {
  await using first = await scriptedRpcNode({ mood: { type: 'error', error } })
  await using second = await scriptedRpcNode()
  const rpc = fallbackOver([first.url, second.url])

  expect(await rpc(nonce)).toBe('0x1')
  first.mood = { type: 'well' }
  expect(await rpc(nonce)).toBe('0x1')
  expect([reads(first), reads(second)]).toEqual([2, 1])
})

test('a node that lags is overtaken when a head is asked, and rests', async () => {
  const now = Math.floor(Date.now() / 1_000)
  await using lagging = await scriptedRpcNode({ head: 100n, timestampSec: now - 600 })
  await using fresh = await scriptedRpcNode({ head: 150n, timestampSec: now })
  const rpc = fallbackOver([lagging.url, fresh.url])

  expect(await rpc(head)).toMatchObject({ number: '0x96' })
  await rpc(nonce)
  expect([reads(lagging), reads(fresh)]).toEqual([1, 2])
})

test('a node that falls behind what was seen before is asked no head alone', async () => {
  const now = Math.floor(Date.now() / 1_000)
  await using first = await scriptedRpcNode({ head: 150n, timestampSec: now })
  await using second = await scriptedRpcNode({ head: 151n, timestampSec: now + 1 })
  const rpc = fallbackOver([first.url, second.url])
  expect(await rpc(head)).toMatchObject({ number: '0x96' })

  first.head = 147n
  first.timestampSec = now - 40

  expect(await rpc(head)).toMatchObject({ number: '0x97' })
})

test('a doubtful head is not held back for a node that rests', async () => {
  await using old = await scriptedRpcNode({ timestampSec: 1_000 })
  await using dead = await scriptedRpcNode({ mood: { type: 'dead' } })
  const rpc = fallbackOver([old.url, dead.url])
  await rpc(head)
  expect(dead.posts).toHaveLength(1)

  await rpc(head)

  expect(dead.posts).toHaveLength(1)
})

test('where no node is newer, the newest head there is serves', async () => {
  await using older = await scriptedRpcNode({ head: 100n, timestampSec: 1_000 })
  await using old = await scriptedRpcNode({ head: 101n, timestampSec: 1_012 })

  expect(await fallbackOver([older.url])(head)).toMatchObject({ number: '0x64' })
  expect(await fallbackOver([older.url, old.url])(head)).toMatchObject({ number: '0x65' })
  expect(await fallbackOver([old.url, await closedRpcUrl()])(head)).toMatchObject({ number: '0x65' })
})

test('a block one node has not seen is asked of the next', async () => {
  await using behind = await scriptedRpcNode({ head: 100n })
  await using ahead = await scriptedRpcNode({ head: 101n })
  const rpc = fallbackOver([behind.url, ahead.url])

  expect(await rpc({ method: 'eth_getBlockByNumber', params: ['0x65', false] })).toMatchObject({ number: '0x65' })
  expect(await rpc({ method: 'eth_getBlockByNumber', params: ['0x66', false] })).toBeNull()
})

test('a node that answers where others rest is asked first from then on', async () => {
  await using first = await scriptedRpcNode({ mood: { type: 'dead' } })
  await using second = await scriptedRpcNode({ mood: { type: 'dead' } })
  const rpc = fallbackOver([first.url, second.url])
  await expect(rpc(nonce)).rejects.toThrow('(asked 2: cannot be reached)')
  second.mood = { type: 'well' }
  await rpc(nonce)
  const before = first.posts.length

  expect(await rpc(nonce)).toBe('0x1')

  expect(first.posts.length).toBe(before)
})

test('when no node answers, one error counts what is wrong', async () => {
  await using silent = await scriptedRpcNode({ mood: { type: 'hang' } })
  await using wrong = await scriptedRpcNode({ chainId: 10 })
  const rpc = fallbackOver([silent.url, await closedRpcUrl(), wrong.url], { timeoutMs: 500 })

  const error = await rpc(nonce).catch((error: unknown) => error)

  expect(error).toMatchObject({ name: 'ChainUnavailableError', chain: 'ethereum' })
  const { message } = error as Error
  expect(message).toMatch(/^No node of ethereum answers \(asked /)
  for (const part of ['1 timed out', '1 cannot be reached', '1 is on another chain', 'Check RPC_URL_1.']) {
    expect(message).toContain(part)
  }
  expect(message).not.toContain('127.0.0.1')
})

test('nodes that rest are asked all the same where no other is left', async () => {
  await using only = await scriptedRpcNode({ mood: { type: 'dead' } })
  const rpc = fallbackOver([only.url])
  await expect(rpc(nonce)).rejects.toThrow('cannot be reached')

  only.mood = { type: 'well' }

  expect(await rpc(nonce)).toBe('0x1')
})

test('too wide a range of blocks says so', async () => {
  const error = { code: -32005, message: 'query returned more than 10000 results' }
  await using node = await scriptedRpcNode({ mood: { type: 'error', error } })

  await expect(fallbackOver([node.url])({ method: 'eth_getLogs', params: [{}] })).rejects.toThrow(
    'Ask for fewer blocks',
  )
})

test('an abort ends the wait and closes what is open', async () => {
  await using first = await scriptedRpcNode({ mood: { type: 'hang' } })
  await using second = await scriptedRpcNode({ mood: { type: 'hang' } })
  const caller = new AbortController()
  const read = fallbackOver([first.url, second.url], { hedgeMs: 50 })({ ...nonce, signal: caller.signal })
  await expect.poll(() => [first.openPosts, second.openPosts]).toEqual([1, 1])

  caller.abort(new Error('gone'))

  await expect(read).rejects.toThrow('gone')
  await expect.poll(() => [first.openPosts, second.openPosts]).toEqual([0, 0])
})

test('a node that will not tell its chain is not believed', async () => {
  const answers = {
    eth_chainId: () => {
      throw { code: -32602, message: 'invalid params' }
    },
  }
  await using first = await scriptedRpcNode({ answers: { ...answers, eth_getTransactionCount: () => '0xbad' } })
  await using second = await scriptedRpcNode()

  expect(await fallbackOver([first.url, second.url])(nonce)).toBe('0x1')
})

test('a signal is let go when the read is over', async () => {
  await using node = await scriptedRpcNode()
  const { signal } = new AbortController()

  await fallbackOver([node.url])({ ...nonce, signal })

  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a node that becomes one of another chain, and never fails, is found out by the next run', async () => {
  await using swapped = await scriptedRpcNode()
  await using right = await scriptedRpcNode()
  const rpc = fallbackOver([swapped.url, right.url])
  await rpc(head)
  swapped.chainId = 10
  await rpc(head)
  await rpc(nonce)
  expect(right.posts.flat()).toEqual(expect.arrayContaining(['eth_getBlockByNumber', 'eth_getTransactionCount']))
  expect(swapped.posts.at(-1)?.toSorted()).toEqual(['eth_chainId', 'eth_getBlockByNumber'])
})

test('the chain id rides with the first read and is not asked again beside reads until the node has failed', async () => {
  await using node = await scriptedRpcNode()
  const rpc = fallbackOver([node.url])

  await Promise.all([rpc(nonce), rpc(head)])
  await rpc(nonce)
  expect(node.posts.map((post) => post.toSorted())).toEqual([
    ['eth_chainId', 'eth_getBlockByNumber', 'eth_getTransactionCount'],
    ['eth_getTransactionCount'],
  ])

  node.mood = { type: 'dead' }
  await expect(rpc(nonce)).rejects.toThrow('cannot be reached')
  node.mood = { type: 'well' }
  node.chainId = 10
  await expect(rpc(nonce)).rejects.toThrow('(asked 1: is on another chain)')
})

test('a lone node that fails inside is a node that failed, as -32603 reads like a revert to viem', async () => {
  await using only = await scriptedRpcNode({
    mood: { type: 'error', error: { code: -32603, message: 'Internal error' } },
  })
  await expect(fallbackOver([only.url])(nonce)).rejects.toThrow(/^No node of \w+ answers \(asked 1: failed inside\)/)
})
