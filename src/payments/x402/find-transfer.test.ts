import { type Address, encodeAbiParameters, type Hex, numberToHex, pad, toEventSelector } from 'viem'
import { expect, onTestFinished, test } from 'vitest'
import { type RpcNode, scriptedRpcNode } from '../../../test/support/rpc-node.ts'
import { createHttpRpc } from '../../chain/http.ts'
import { createFindTransfer } from './find-transfer.ts'

const USDC = '0x833589fcd6edb6e08f4c7c32d4f71b54bda02913'
const PAYER = `0x${'aa'.repeat(20)}` as const
const PAY_TO = `0x${'bb'.repeat(20)}` as const
const OTHER = `0x${'cc'.repeat(20)}` as const
const NONCE = `0x${'01'.repeat(32)}` as const
const TX = `0x${'ee'.repeat(32)}` as const
const PAYMENT = { asset: USDC, payer: PAYER, nonce: NONCE, payTo: PAY_TO, amount: 5n }
const HEAD = 40_000n

const USED = toEventSelector('AuthorizationUsed(address,bytes32)')
const CANCELED = toEventSelector('AuthorizationCanceled(address,bytes32)')
const TRANSFER = toEventSelector('Transfer(address,address,uint256)')

type Event = { topics: Hex[]; data?: Hex; address?: Address; logIndex?: number }
const used = (nonce: Hex = NONCE): Event => ({ topics: [USED, pad(PAYER), nonce] })
const canceled: Event = { topics: [CANCELED, pad(PAYER), NONCE] }
const paid = ({ from = PAYER, to = PAY_TO, value = 5n }: { from?: Hex; to?: Hex; value?: bigint } = {}): Event => ({
  topics: [TRANSFER, pad(from), pad(to)],
  data: encodeAbiParameters([{ type: 'uint256' }], [value]),
})

/** A chain whose only transaction, in block `at`, has these logs. */
async function chainWith(events: readonly Event[], { at = HEAD, status = '0x1' } = {}): Promise<RpcNode> {
  const logs = events.map((event, index) => ({
    ...{ address: USDC, data: '0x', logIndex: numberToHex(index), removed: false },
    ...{ blockNumber: numberToHex(at), blockHash: pad('0x1'), transactionHash: TX, transactionIndex: '0x0' },
    ...event,
  }))
  const node = await scriptedRpcNode({
    chainId: 8453,
    answers: {
      eth_blockNumber: () => numberToHex(HEAD),
      eth_call: () => pad(events.length > 0 ? '0x1' : '0x0'),
      eth_getLogs([filter]) {
        const { fromBlock, toBlock, topics } = filter as { fromBlock: Hex; toBlock: Hex; topics: Hex[] }
        const isIn = BigInt(fromBlock) <= at && at <= BigInt(toBlock)
        return isIn ? logs.filter((log) => topics.every((topic, index) => topic === log.topics[index])) : []
      },
      eth_getTransactionReceipt: () => ({
        ...{ transactionHash: TX, blockHash: pad('0x1'), blockNumber: numberToHex(at), status, logs, type: '0x2' },
        ...{ from: OTHER, to: USDC, gasUsed: '0x1', cumulativeGasUsed: '0x1', effectiveGasPrice: '0x1' },
        ...{ transactionIndex: '0x0', logsBloom: '0x', contractAddress: null },
      }),
    },
  })
  onTestFinished(() => node.close())
  return node
}

function look(node: RpcNode) {
  const ask = () => createHttpRpc({ url: node.url })
  const find = createFindTransfer({ ask, chains: ['base'], network: 'eip155:8453' })
  if (find === undefined) throw new Error('base is read')
  return find(PAYMENT)
}

test('an authorization that was not used is told so, without a search', async () => {
  const node = await chainWith([])
  expect(await look(node)).toEqual({ type: 'unused' })
  expect(node.requests.map(({ method }) => method)).toEqual(['eth_call'])
})

test('the transaction that made the payment is found, many blocks back', async () => {
  expect(await look(await chainWith([used(), paid()]))).toEqual({ type: 'found', txHash: TX })
  expect(await look(await chainWith([used(), paid()], { at: HEAD - 15_500n }))).toEqual({ type: 'found', txHash: TX })
})

test('it is found among the other transfers of its transaction', async () => {
  const node = await chainWith([paid({ value: 9n }), used(), paid(), used(pad('0x2')), paid({ to: OTHER })])
  expect(await look(node)).toEqual({ type: 'found', txHash: TX })
})

test.for<[what: string, events: Event[], status?: string]>([
  ['was canceled', [canceled]],
  ['paid somebody else', [used(), paid({ to: OTHER })]],
  ['paid less', [used(), paid({ value: 4n })]],
  ['was for somebody else, beside a payment of another', [used(), paid({ to: OTHER }), used(pad('0x2')), paid()]],
  ['paid in another token', [used(), { ...paid(), address: OTHER }]],
  ['was of a transaction that failed', [used(), paid()], '0x0'],
])('an authorization that %s has paid for nothing', async ([, events, status = '0x1']) => {
  expect(await look(await chainWith(events, { status }))).toEqual({ type: 'spent' })
})

test('what is too far back, or not told, is not known', async () => {
  await expect(look(await chainWith([used(), paid()], { at: 1n }))).rejects.toThrow('too long ago')
  const node = await chainWith([used(), paid()])
  node.mood = { type: 'error', error: { code: -32000, message: 'busy' } }
  await expect(look(node)).rejects.toThrow()
})

test('a chain that the gateway does not read cannot be asked', () => {
  const ask = () => createHttpRpc({ url: 'http://127.0.0.1:9' })
  expect(createFindTransfer({ ask, chains: ['ethereum'], network: 'eip155:8453' })).toBeUndefined()
  expect(createFindTransfer({ ask, chains: ['base'], network: 'eip155:84532' })).toBeUndefined()
})
