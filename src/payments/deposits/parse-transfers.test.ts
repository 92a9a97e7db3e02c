import fc from 'fast-check'
import { type Hex, pad } from 'viem'
import { describe, expect, test } from 'vitest'
import { DistrustError } from './distrust-error.ts'
import { parseTransfers, TRANSFER } from './parse-transfers.ts'

const TOKEN: Hex = `0x${'a0'.repeat(20)}`
const TREASURY: Hex = `0x${'b1'.repeat(20)}`
const SENDER: Hex = `0x${'c2'.repeat(20)}`
const ASKED = { chainId: 1, token: TOKEN, treasury: TREASURY, from: 100n, to: 200n }
const LOG = {
  address: TOKEN,
  topics: [TRANSFER, pad(SENDER), pad(TREASURY)],
  data: pad('0x5'),
  blockNumber: '0x96',
  blockHash: `0x${'d'.repeat(64)}`,
  transactionHash: `0x${'e'.repeat(64)}`,
  logIndex: '0x7',
}

describe('the logs of a node', () => {
  test('tell who sent how much, in which place, in lower case whatever the node writes', () => {
    const upper = JSON.parse(JSON.stringify(LOG), (_, value: unknown) =>
      typeof value === 'string' ? `0x${value.slice(2).toUpperCase()}` : value,
    ) as object
    const transfer = { sender: SENDER, amount: 5n, blockNumber: 150n, logIndex: 7 }
    expect(parseTransfers([LOG], ASKED)).toEqual([
      { ...transfer, blockHash: LOG.blockHash, txHash: LOG.transactionHash },
    ])
    expect(parseTransfers([upper], ASKED)).toEqual(parseTransfers([LOG], ASKED))
  })

  test.each([
    ['an NFT, whose fourth topic is no amount', { topics: [...LOG.topics, pad('0x1')] }],
    ['two words of data', { data: `${pad('0x5')}${'0'.repeat(64)}` }],
    ['no data', { data: '0x' }],
    ['more than an account can hold', { data: `0x${'8'.padStart(64 - 15, '0')}${'0'.repeat(15)}` }],
    ['a sender that is longer than an address', { topics: [TRANSFER, pad('0x1', { dir: 'right' }), pad(TREASURY)] }],
    ['a block before those that were asked for', { blockNumber: '0x63' }],
    ['a block after them', { blockNumber: '0xc9' }],
    ['a block that is yet to be mined', { blockNumber: null, blockHash: null }],
    ['a transfer that was taken back', { removed: true }],
  ])('are refused with %s', (_, fault) => {
    expect(() => parseTransfers([LOG, { ...LOG, logIndex: '0x8', ...fault }], ASKED)).toThrow(DistrustError)
  })

  test('of any form are read or refused, and never more is read than was given', () => {
    const field = fc.constantFrom(...Object.keys(LOG))
    const changes = fc.array(
      fc.tuple(
        field,
        fc.oneof(
          fc.jsonValue(),
          fc.string().map((text) => `0x${text}`),
        ),
      ),
    )
    const changed = changes.map((pairs) => ({ ...LOG, ...Object.fromEntries(pairs) }))
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(changed)), (logs) => {
        try {
          expect(parseTransfers(logs, ASKED).length).toBe((logs as unknown[]).length)
        } catch (error) {
          expect(error).toBeInstanceOf(DistrustError)
        }
      }),
    )
  })
})
