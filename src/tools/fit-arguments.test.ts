import { expect, test } from 'vitest'
import { fitArguments } from './fit-arguments.ts'

const schema = {
  properties: {
    count: { type: 'integer' },
    ratio: { type: 'number' },
    chain: { type: 'string' },
    deep: { type: 'boolean' },
    assets: { type: 'array', items: { type: 'string' } },
    range: { type: 'object', properties: { from: { type: 'integer' } } },
    owners: { type: 'array', items: { type: 'string', format: 'address' } },
    block: { type: 'integer', format: 'block' },
  },
}

test.each([
  [{ count: '5' }, { count: 5 }],
  [{ count: '1,000,000' }, { count: 1_000_000 }],
  [{ ratio: '-0.5' }, { ratio: -0.5 }],
  [{ chain: 8453 }, { chain: '8453' }],
  [{ deep: 'True' }, { deep: true }],
  [{ assets: 'ETH' }, { assets: ['ETH'] }],
  [{ assets: 'ETH, BTC and LINK' }, { assets: ['ETH', 'BTC', 'LINK'] }],
  [{ assets: '["ETH","BTC"]' }, { assets: ['ETH', 'BTC'] }],
  [{ assets: [1] }, { assets: ['1'] }],
  [{ range: { from: '7' } }, { range: { from: 7 } }],
  [{ chain: ['base'] }, { chain: 'base' }],
  [{ assets: 'USD Coin' }, { assets: ['USD Coin'] }],
  [{ owners: 'a.eth b.eth and c.eth' }, { owners: ['a.eth', 'b.eth', 'c.eth'] }],
  [{ block: '#23500010' }, { block: 23_500_010 }],
  [{ block: '0x10' }, { block: 16 }],
  [{ block: 'Latest' }, {}],
  [{ arguments: { chain: 8453 } }, { chain: '8453' }],
  [{ name: 'gas', parameters: { chain: 'base' } }, { chain: 'base' }],
])('%j fits as %j', (args, fitted) => {
  expect(fitArguments(args, schema)).toEqual(fitted)
})

test('what is null or empty counts as left out', () => {
  expect(fitArguments({ count: null, chain: '', deep: false }, schema)).toEqual({ deep: false })
})

test('what does not fit is left for the schema to refuse', () => {
  const args = { count: 'five', deep: 'maybe', range: 3, unknown: '1' }
  expect(fitArguments(args, schema)).toEqual(args)
})
