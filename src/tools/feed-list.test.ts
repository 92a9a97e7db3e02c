import { expect, test } from 'vitest'
import { findFeed, findSequencerFeed } from './feed-list.ts'

test('a feed is found by its pair, whatever the case, and only on its own chain', () => {
  expect(findFeed('ethereum', 'eth', 'USD')).toEqual({
    chain: 'ethereum',
    base: 'ETH',
    quote: 'USD',
    proxy: '0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419',
  })
  expect(findFeed('base', 'ETH', 'USD')?.proxy).toBe('0x71041dddad3595F9CEd3DcCFBe3D1F4b0a16Bb70')
  expect(findFeed('sepolia', 'ETH', 'USD')).toBeUndefined()
})

test('what only resembles a price is no feed', () => {
  for (const base of ['SVR_ETH', 'AAVE_SVR_ETH', 'WBTC_Proof_of_Reserves', 'USTB_NAV']) {
    expect(findFeed('ethereum', base, 'USD')).toBeUndefined()
  }
  expect(findFeed('arbitrum', 'weETH__eETH_Exchange_Rate', 'ETH')).toBeUndefined()
})

test('rollups with a sequencer have its uptime feed, other chains have none', () => {
  for (const chain of ['base', 'arbitrum', 'optimism', 'scroll', 'zksync'] as const) {
    expect(findSequencerFeed(chain)).toMatch(/^0x[0-9a-fA-F]{40}$/)
  }
  expect(findSequencerFeed('ethereum')).toBeUndefined()
})
