import { ethAddress } from 'viem'
import { CHAINS, type ChainName } from '../chain/chain-list.ts'

/** Whether `text` means the chain's own coin rather than a token: its symbol, its name, or the address that EIP-7528 gives it. */
export function isCoin(chain: ChainName, text: string): boolean {
  const { symbol, name } = CHAINS[chain].nativeCurrency
  const isEther = symbol === CHAINS.ethereum.nativeCurrency.symbol
  const words = [symbol, name, 'native', 'coin', ethAddress, ...(isEther ? ['ether', 'ethereum'] : [])]
  const wanted = text.trim().replace(/^\$/, '').toLowerCase()
  return words.some((word) => word.toLowerCase() === wanted)
}
