import { getAddress } from 'viem'
import { expect, test } from 'vitest'
import { CHAIN_NAMES } from '../chain/chain-list.ts'
import { findListedToken, findToken, listTokens } from './token-list.ts'
import { ToolError } from './tool-error.ts'

const USDC = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48'

function candidatesOf(find: () => unknown): { symbol: string; address: string }[] {
  try {
    find()
  } catch (error) {
    if (error instanceof ToolError) return (error.details.candidates ?? []) as { symbol: string; address: string }[]
    throw error
  }
  throw new Error('one token was found')
}

test.each(['USDC', 'usdc', ' Usdc ', 'USD Coin', USDC, USDC.toLowerCase()])(
  '%s on ethereum is one contract',
  (text) => {
    expect(findToken('ethereum', text)).toMatchObject({ address: USDC, listed: { symbol: 'USDC', decimals: 6 } })
  },
)

test('a symbol that several contracts have is never guessed: the candidates are told', () => {
  expect(() => findToken('arbitrum', 'USDC')).toThrow("'USDC' is the symbol of 2 tokens on arbitrum")
  const candidates = candidatesOf(() => findToken('arbitrum', 'USDC'))
  expect(candidates).toHaveLength(2)
  for (const { address } of candidates) expect(findToken('arbitrum', address).address).toBe(address)
})

test('a symbol that is nearly right gets the tokens that were perhaps meant', () => {
  expect(candidatesOf(() => findToken('arbitrum', 'USDT'))[0]).toMatchObject({ symbol: 'USD₮0' })
  expect(candidatesOf(() => findToken('ethereum', 'qqq'))).toEqual([])
})

test('an address that no list knows is taken, and said to be unlisted', () => {
  const address = '0x000000000000000000000000000000000000dEaD'
  expect(findToken('ethereum', address)).toEqual({ address, listed: undefined })
  expect(() => findToken('ethereum', '0x12')).toThrow('it has 2 digits after 0x and needs 40')
  expect(() => findToken('ethereum', USDC.replace('A0b8', 'A0B8'))).toThrow('its checksum is wrong')
  expect(findToken('ethereum', USDC.toUpperCase()).listed?.symbol).toBe('USDC')
})

test('every listed address is checksummed, and stands once on its chain', () => {
  for (const chain of CHAIN_NAMES) {
    const addresses = listTokens(chain).map(({ address }) => address)
    expect(addresses).toEqual(addresses.map((address) => getAddress(address)))
    expect(new Set(addresses).size).toBe(addresses.length)
  }
  expect(listTokens('ethereum').length).toBeGreaterThan(200)
  expect(findListedToken('base', USDC)).toBeUndefined()
})
