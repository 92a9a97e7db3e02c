import { ethAddress } from 'viem'
import { expect, test } from 'vitest'
import type { ChainName } from '../chain/chain-list.ts'
import { isCoin } from './coin.ts'

test.each<[ChainName, string]>([
  ['ethereum', 'ETH'],
  ['base', 'ether'],
  ['arbitrum', 'Ethereum'],
  ['polygon', '$pol'],
  ['avalanche', 'avalanche'],
  ['gnosis', 'xDAI'],
  ['ethereum', ethAddress],
  ['bsc', 'native'],
])('on %s, %s is the coin', (chain, text) => {
  expect(isCoin(chain, text)).toBe(true)
})

test.each<[ChainName, string]>([
  ['polygon', 'ETH'],
  ['polygon', 'ethereum'],
  ['ethereum', 'WETH'],
])('on %s, %s is not', (chain, text) => {
  expect(isCoin(chain, text)).toBe(false)
})
