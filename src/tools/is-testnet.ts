import type { Chain } from 'viem'
import { CHAINS, type ChainName } from '../chain/chain-list.ts'

/** Coins of a test network are given away, so they have no price. viem leaves the mark out of most chains, and sets it to false on some. */
export function isTestnet(chain: ChainName): boolean {
  const { testnet = false }: Chain = CHAINS[chain]
  return testnet
}
