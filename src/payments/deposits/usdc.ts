import type { Hex } from 'viem'
import { usdc } from 'viem/tokens'
import { CHAINS, type ChainName } from '../../chain/chain-list.ts'

/** One unit of it is a micro-credit. */
export const USDC_DECIMALS = 6

/** Circle's own USDC, in lower case; undefined on chains that have none: what was bridged there is another token. */
export function usdcOn(chain: ChainName): Hex | undefined {
  const addresses: Readonly<Record<number, string>> = usdc.addresses
  return addresses[CHAINS[chain].id]?.toLowerCase() as Hex | undefined
}
