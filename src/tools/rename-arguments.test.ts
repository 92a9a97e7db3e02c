import { expect, test } from 'vitest'
import { renameArguments } from './rename-arguments.ts'

const schema = {
  properties: {
    addresses: { type: 'array', items: { type: 'string', format: 'address' } },
    token: { type: 'string', format: 'token' },
    chain: { type: 'string', format: 'chain' },
    block: { type: 'integer', format: 'block' },
  },
  required: ['addresses'],
}

test.each([
  [{ address: 'a.eth' }, { addresses: 'a.eth' }],
  [
    { Addresses: ['a.eth'], CHAIN: 'base' },
    { addresses: ['a.eth'], chain: 'base' },
  ],
  [
    { wallet: 'a.eth', network: 'base' },
    { addresses: 'a.eth', chain: 'base' },
  ],
  [
    { addresses: 'a.eth', chain_id: 8453 },
    { addresses: 'a.eth', chain: 8453 },
  ],
  [
    { addresses: 'a.eth', number: 5 },
    { addresses: 'a.eth', block: 5 },
  ],
  [
    { addresses: 'a.eth', symbol: 'USDC', blockNumber: 5 },
    { addresses: 'a.eth', token: 'USDC', block: 5 },
  ],
  [
    { who: 'a.eth', chain: 'base' },
    { addresses: 'a.eth', chain: 'base' },
  ],
])('%j means %j', (args, meant) => {
  expect(renameArguments(args, schema)).toEqual(meant)
})

test.each([
  [{ addresses: 'a.eth', network: 'base', chain: 'ethereum' }],
  [{ addresses: 'a.eth', verbose: true }],
  [{ who: 'a.eth', what: 'USDC' }],
])('%j keeps its names: what is given already or could be several things is not guessed', (args) => {
  expect(renameArguments(args, schema)).toEqual(args)
})

test('where two fields could be meant, neither is filled', () => {
  const address = { type: 'string', format: 'address' }
  const args = { address: 'a.eth' }
  expect(renameArguments(args, { properties: { owner: address, spender: address } })).toEqual(args)
})
