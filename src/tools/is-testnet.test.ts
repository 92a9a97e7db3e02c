import { expect, test } from 'vitest'
import { CHAIN_NAMES } from '../chain/chain-list.ts'
import { isTestnet } from './is-testnet.ts'

test('sepolia alone is a test network', () => {
  expect(CHAIN_NAMES.filter(isTestnet)).toEqual(['sepolia'])
})
