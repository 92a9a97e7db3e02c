import { expect, test } from 'vitest'
import { scriptedBlockHash } from '../../test/support/rpc-node.ts'
import { pinReads } from './pin.ts'
import type { RpcRequest } from './rpc.ts'

const ref = { chain: 'ethereum', chainId: 1, number: 255n, hash: scriptedBlockHash(255n), timestampSec: 1 } as const
const raw = { number: '0xff', hash: ref.hash, timestamp: '0x1', transactions: [] }

/** What reaches the layer below, and how often the head was asked. */
async function pinned(method: string, params: readonly unknown[]) {
  const sent: RpcRequest[] = []
  let headsAsked = 0
  const head = async () => {
    headsAsked++
    return { ref, raw }
  }
  const rpc = pinReads({ chainId: 1, head }, async (request) => {
    sent.push(request)
    return 'answer'
  })
  const result = await rpc({ method, params })
  return { result, params: sent[0]?.params, block: sent[0]?.block, headsAsked }
}

test.each<[string, unknown[], unknown[]]>([
  ['eth_call', [{ to: '0xa' }, 'latest'], [{ to: '0xa' }, '0xff']],
  ['eth_call', [{ to: '0xa' }], [{ to: '0xa' }, '0xff']],
  [
    'eth_call',
    [{ to: '0xa' }, 'latest', { '0xb': { balance: '0x1' } }],
    [{ to: '0xa' }, '0xff', { '0xb': { balance: '0x1' } }],
  ],
  ['eth_estimateGas', [{ to: '0xa' }], [{ to: '0xa' }, '0xff']],
  ['eth_getBalance', ['0xa', 'latest'], ['0xa', '0xff']],
  ['eth_getTransactionCount', ['0xa', 'latest'], ['0xa', '0xff']],
  ['eth_getCode', ['0xa', 'latest'], ['0xa', '0xff']],
  ['eth_getStorageAt', ['0xa', '0x0', 'latest'], ['0xa', '0x0', '0xff']],
  ['eth_getProof', ['0xa', [], 'latest'], ['0xa', [], '0xff']],
  ['eth_feeHistory', ['0x5', 'latest', [10]], ['0x5', '0xff', [10]]],
  ['eth_getBlockByNumber', ['latest', true], ['0xff', true]],
  ['eth_getLogs', [{ address: '0xa' }], [{ address: '0xa', fromBlock: '0xff', toBlock: '0xff' }]],
  ['eth_getLogs', [{ fromBlock: '0x1', toBlock: 'latest' }], [{ fromBlock: '0x1', toBlock: '0xff' }]],
])("%s %j is read at the run's block", async (method, params, expected) => {
  expect(await pinned(method, params)).toMatchObject({ params: expected, block: ref })
})

test.each<[string, unknown[]]>([
  ['eth_call', [{ to: '0xa' }, '0x10']],
  ['eth_call', [{ to: '0xa' }, { blockHash: ref.hash }]],
  ['eth_getBalance', ['0xa', 'finalized']],
  ['eth_getTransactionCount', ['0xa', 'pending']],
  ['eth_getBlockByNumber', ['0x10', false]],
  ['eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x2' }]],
  ['eth_getLogs', [{ blockHash: ref.hash }]],
  ['eth_getTransactionReceipt', [ref.hash]],
  ['eth_gasPrice', []],
])('%s %j is left as it is, and needs no head', async (method, params) => {
  expect(await pinned(method, params)).toEqual({ result: 'answer', params, block: undefined, headsAsked: 0 })
})

test.each<[string, unknown[], unknown]>([
  ['eth_blockNumber', [], '0xff'],
  ['eth_getBlockByNumber', ['latest', false], raw],
])("%s is answered from the run's block without a request", async (method, params, expected) => {
  expect(await pinned(method, params)).toEqual({ result: expected, params: undefined, block: undefined, headsAsked: 1 })
})

test('what a reader does to the block stays with it', async () => {
  const rpc = pinReads({ chainId: 1, head: async () => ({ ref, raw }) }, async () => null)
  const latest = () => rpc({ method: 'eth_getBlockByNumber', params: ['latest', false] })

  Object.assign((await latest()) as object, { number: '0x0' })

  expect(await latest()).toMatchObject({ number: '0xff' })
})

test.each([
  ['eth_chainId', '0x1'],
  ['net_version', '1'],
])('%s is known without asking', async (method, expected) => {
  expect(await pinned(method, [])).toEqual({ result: expected, params: undefined, block: undefined, headsAsked: 0 })
})
