import { type Hex, numberToHex, pad } from 'viem'
import { describe, expect, test } from 'vitest'
import { confirmTransfer } from './confirm-transfer.ts'
import { TRANSFER, type Transfer } from './parse-transfers.ts'

const AUTHORIZATION_USED = '0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5'
const PLACE = { chainId: 1, token: `0x${'a0'.repeat(20)}`, treasury: `0x${'b1'.repeat(20)}` } as const
const SENDER: Hex = `0x${'c2'.repeat(20)}`
const OTHER: Hex = `0x${'c3'.repeat(20)}`
const NONCE: Hex = `0x${'99'.repeat(32)}`
const TRANSFERRED: Transfer = {
  txHash: `0x${'e'.repeat(64)}`,
  logIndex: 7,
  blockNumber: 150n,
  blockHash: `0x${'d'.repeat(64)}`,
  sender: SENDER,
  amount: 5n,
}
const logAt = (index: number, topics: readonly Hex[], data: Hex = '0x', address: Hex = PLACE.token) => ({
  address,
  topics,
  data,
  blockNumber: '0x96',
  blockHash: TRANSFERRED.blockHash,
  transactionHash: TRANSFERRED.txHash,
  logIndex: numberToHex(index),
})
const THE_LOG = logAt(7, [TRANSFER, pad(SENDER), pad(PLACE.treasury)], pad('0x5'))

describe('a transfer', () => {
  test('is one where its block and its receipt tell of it', async () => {
    expect(await confirm({ logs: [THE_LOG] })).toEqual({
      ...TRANSFERRED,
      chainId: 1,
      token: PLACE.token,
      nonce: undefined,
    })
  })

  test.each([
    ['its transaction was reverted', { status: '0x0', logs: [THE_LOG] }],
    ['its transaction is of another block', { blockHash: NONCE, logs: [THE_LOG] }],
    ['it is the receipt of another transaction', { transactionHash: NONCE, logs: [THE_LOG] }],
    ['the log stands elsewhere', { logs: [{ ...THE_LOG, logIndex: '0x8' }] }],
    ['the log is of another token', { logs: [{ ...THE_LOG, address: OTHER }] }],
    ['the log tells of another amount', { logs: [{ ...THE_LOG, data: pad('0x6') }] }],
    ['the log tells of another sender', { logs: [{ ...THE_LOG, topics: [TRANSFER, pad(OTHER), pad(OTHER)] }] }],
    ['there is no log', { logs: [] }],
  ])('is none where %s', async (_, receipt) => {
    await expect(confirm(receipt)).rejects.toThrow('has not made')
  })

  test('is none where its transaction has no receipt, or its block is another one now', async () => {
    await expect(confirm(null)).rejects.toThrow('has not made')
    await expect(confirm({ logs: [THE_LOG] }, NONCE)).rejects.toThrow("not the chain's")
  })
})

describe('the authorization a transfer was made by', () => {
  test('is the one that the token notes right before it', async () => {
    const noted = logAt(6, [AUTHORIZATION_USED, pad(SENDER), NONCE])
    expect(await confirm({ logs: [noted, THE_LOG] })).toMatchObject({ nonce: NONCE })
  })

  test.each([
    ['of somebody else', logAt(6, [AUTHORIZATION_USED, pad(OTHER), NONCE])],
    ['of another token', logAt(6, [AUTHORIZATION_USED, pad(SENDER), NONCE], '0x', OTHER)],
    ['of an earlier transfer', logAt(4, [AUTHORIZATION_USED, pad(SENDER), NONCE])],
    ['that is none', logAt(6, [TRANSFER, pad(SENDER), NONCE], pad('0x1'))],
  ])('is not one %s', async (_, noted) => {
    expect(await confirm({ logs: [noted, THE_LOG] })).toMatchObject({ nonce: undefined })
  })
})

/** By a node that gives this receipt. */
function confirm(receipt: object | null, blockHash: Hex = TRANSFERRED.blockHash) {
  const { txHash: transactionHash } = TRANSFERRED
  const given = receipt && { status: '0x1', transactionHash, blockHash: TRANSFERRED.blockHash, ...receipt }
  const block = { number: '0x96', hash: blockHash, timestamp: '0x1' }
  const ask = async ({ method }: { method: string }) => (method === 'eth_getTransactionReceipt' ? given : block)
  return confirmTransfer(ask, PLACE, TRANSFERRED, AbortSignal.timeout(1_000))
}
