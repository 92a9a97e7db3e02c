import type { Config } from '../../config.ts'
import { usdcOn } from '../../payments/deposits/usdc.ts'

/** How credits come into accounts here, beside vouchers and what the operator grants. */
export type TopUpWays = {
  x402: boolean
  /** Null: none are watched for. */
  deposit: { address: string; chains: readonly string[] } | null
}

export function toTopUpWays({
  treasuryAddress,
  depositChains,
  chains,
  x402,
}: Pick<Config, 'treasuryAddress' | 'depositChains' | 'chains' | 'x402'>): TopUpWays {
  const watched = depositChains.filter((chain) => chains.includes(chain) && usdcOn(chain) !== undefined)
  const isWatched = treasuryAddress !== undefined && watched.length > 0
  return { x402: x402 !== undefined, deposit: isWatched ? { address: treasuryAddress, chains: watched } : null }
}
