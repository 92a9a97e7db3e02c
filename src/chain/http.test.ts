import { expect, test } from 'vitest'
import { closedRpcUrl, type RpcNodeMood, scriptedRpcNode } from '../../test/support/rpc-node.ts'
import { createHttpRpc } from './http.ts'
import { RpcError } from './rpc-error.ts'

const balance = (address: string) => ({ method: 'eth_getBalance', params: [address, '0x1'] })

test('reads of one tick leave in one HTTP request, and each gets its own answer', async () => {
  await using node = await scriptedRpcNode({ answers: { eth_getBalance: ([address]) => `balance of ${address}` } })
  const rpc = createHttpRpc({ url: node.url })

  const answers = await Promise.all([
    rpc(balance('0xa')),
    rpc(balance('0xb')),
    Promise.resolve().then(() => rpc(balance('0xc'))),
  ])

  expect(answers).toEqual(['balance of 0xa', 'balance of 0xb', 'balance of 0xc'])
  expect(node.posts).toEqual([['eth_getBalance', 'eth_getBalance', 'eth_getBalance']])
})

test('a list longer than the limit is split', async () => {
  await using node = await scriptedRpcNode()
  const rpc = createHttpRpc({ url: node.url, maxBatch: 2 })

  await Promise.all([rpc(balance('0xa')), rpc(balance('0xb')), rpc(balance('0xc'))])

  expect(node.posts.map((post) => post.length).toSorted()).toEqual([1, 2])
})

test('one read of a list may fail while the others answer', async () => {
  await using node = await scriptedRpcNode({
    answers: {
      eth_call: () => {
        throw { code: -32000, message: 'execution reverted: no', data: '0x08c379a0' }
      },
    },
  })
  const rpc = createHttpRpc({ url: node.url })

  const [call, other] = await Promise.allSettled([rpc({ method: 'eth_call', params: [] }), rpc(balance('0xa'))])

  expect(other).toEqual({ status: 'fulfilled', value: '0x1' })
  // Code 3 whatever the provider says, as viem and ethers decode the data of that one alone.
  expect(call).toMatchObject({
    status: 'rejected',
    reason: { code: 3, message: 'execution reverted: no', data: '0x08c379a0' },
  })
})

test('a node that refuses lists is asked one by one, from then on at once', async () => {
  await using node = await scriptedRpcNode({ mood: { type: 'refuse_lists' } })
  const rpc = createHttpRpc({ url: node.url })

  expect(await Promise.all([rpc(balance('0xa')), rpc(balance('0xb'))])).toEqual(['0x1', '0x1'])
  expect(node.posts.map((post) => post.length)).toEqual([2, 1, 1])
  await Promise.all([rpc(balance('0xa')), rpc(balance('0xb'))])
  expect(node.posts.map((post) => post.length)).toEqual([2, 1, 1, 1, 1])
})

test('who aborts leaves the list; the others keep their answer', async () => {
  await using node = await scriptedRpcNode({ mood: { type: 'slow', ms: 500 } })
  const rpc = createHttpRpc({ url: node.url })
  const caller = new AbortController()
  const leaving = rpc({ ...balance('0xa'), signal: caller.signal })
  const staying = rpc(balance('0xb'))
  await expect.poll(() => node.openPosts).toBe(1)

  caller.abort(new Error('gone'))

  await expect(leaving).rejects.toThrow('gone')
  expect(await staying).toBe('0x1')
})

test('the last one to leave closes the HTTP request', async () => {
  await using node = await scriptedRpcNode({ mood: { type: 'hang' } })
  const rpc = createHttpRpc({ url: node.url })
  const callers = [new AbortController(), new AbortController()]
  const reads = callers.map(({ signal }) => rpc({ ...balance('0xa'), signal }))
  const settled = Promise.allSettled(reads)
  await expect.poll(() => node.openPosts).toBe(1)

  for (const caller of callers) caller.abort()

  await settled
  await expect.poll(() => node.openPosts).toBe(0)
})

test('a read that was aborted before its tick ended is not sent', async () => {
  await using node = await scriptedRpcNode()
  const rpc = createHttpRpc({ url: node.url })
  const caller = new AbortController()
  const read = rpc({ ...balance('0xa'), signal: caller.signal })
  caller.abort(new Error('gone'))

  await expect(read).rejects.toThrow('gone')
  await rpc(balance('0xb'))
  expect(node.requests.map(({ params }) => params[0])).toEqual(['0xb'])
})

test.each<[string, RpcNodeMood, string]>([
  ['silence', { type: 'hang' }, 'timeout'],
  ['a closed connection', { type: 'dead' }, 'unreachable'],
  ['HTML', { type: 'text', text: '<html>hello</html>' }, 'garbled'],
  ['half an answer', { type: 'text', text: '{"jsonrpc":"2.0","id":0}' }, 'garbled'],
  ['HTTP 500', { type: 'status', status: 500, text: 'oops' }, 'unavailable'],
  ['a redirect', { type: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'unavailable'],
  ['HTTP 401', { type: 'status', status: 401 }, 'refused'],
  ['HTTP 429', { type: 'status', status: 429, headers: { 'retry-after': '7' } }, 'rate_limited'],
])('%s is a fault of the node', async (_, mood, kind) => {
  await using node = await scriptedRpcNode({ mood })
  const rpc = createHttpRpc({ url: node.url, timeoutMs: mood.type === 'hang' ? 100 : 3_000 })

  await expect(rpc(balance('0xa'))).rejects.toMatchObject({ kind })
})

test('a node where nobody listens is unreachable, and Retry-After sets how long a node rests', async () => {
  const gone = createHttpRpc({ url: await closedRpcUrl() })
  await expect(gone(balance('0xa'))).rejects.toMatchObject({ kind: 'unreachable' })

  await using node = await scriptedRpcNode({ mood: { type: 'status', status: 429, headers: { 'retry-after': '7' } } })
  await expect(createHttpRpc({ url: node.url })(balance('0xa'))).rejects.toMatchObject({ benchMs: 7_000 })
})

test('an answer over the limit is refused, and does not cost the rest of its list', async () => {
  await using node = await scriptedRpcNode({ answers: { eth_getLogs: () => 'x'.repeat(1_100_000) } })
  const rpc = createHttpRpc({ url: node.url, maxBodyBytes: 1_048_576 })

  const [logs, other] = await Promise.allSettled([rpc({ method: 'eth_getLogs', params: [{}] }), rpc(balance('0xa'))])

  expect(logs).toMatchObject({ reason: { message: expect.stringContaining('larger than 1 MiB') } })
  expect(other).toEqual({ status: 'fulfilled', value: '0x1' })
})

test('credentials in the URL travel as a header', async () => {
  await using node = await scriptedRpcNode()
  const rpc = createHttpRpc({ url: node.url.replace('://', '://user:p%40ss@') })

  await rpc(balance('0xa'))

  expect(node.headers[0]?.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`)
})

test('no error holds the URL, or what the node says of it', async () => {
  const key = 'k3yk3yk3yk3yk3yk3yk3yk3yk3yk3y'
  const moods: RpcNodeMood[] = [
    { type: 'dead' },
    { type: 'status', status: 403, text: `{"error":{"code":1,"message":"bad key ${key}"}}` },
    { type: 'error', error: { code: -32602, message: `bad request to https://rpc.example/v2/${key} with ${key}` } },
  ]
  for (const mood of moods) {
    await using node = await scriptedRpcNode({ mood })
    const error = await createHttpRpc({ url: `${node.url}/v2/${key}` })(balance('0xa')).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).not.toContain(key)
    expect((error as Error).message).not.toContain('://')
  }
})

test('the id of a reply decides whose it is, not its place', async () => {
  await using node = await scriptedRpcNode({ answers: { eth_getBalance: ([address]) => address } })
  const rpc = createHttpRpc({ url: node.url })

  // The scripted node answers lists backwards.
  expect(await Promise.all(['0xa', '0xb', '0xc'].map((address) => rpc(balance(address))))).toEqual([
    '0xa',
    '0xb',
    '0xc',
  ])
})

test('a JSON-RPC error is the answer of the node', async () => {
  await using node = await scriptedRpcNode({ mood: { type: 'error', error: { code: -32602, message: 'bad params' } } })

  await expect(createHttpRpc({ url: node.url })(balance('0xa'))).rejects.toThrow(
    new RpcError({ code: -32602, message: 'bad params' }),
  )
})
