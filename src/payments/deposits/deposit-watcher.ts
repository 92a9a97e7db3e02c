import type { ChainName } from '../../chain/chain-list.ts'

/** Credits USDC that is sent to the treasury to the wallet that sent it, once the block it is in is final. */
export type DepositWatcher = {
  /** Looks again and again; several processes may. */
  start(): void
  /** After the looks that are under way. */
  stop(): Promise<void>
  /** One look at all chains. Never rejects: what went wrong is in `status`. */
  look(): Promise<void>
  /** By chain; those without USDC are left out. */
  status(): readonly DepositStatus[]
}

/** What this process knows: another one may have looked since. */
export type DepositStatus = {
  chain: ChainName
  chainId: number
  /** All blocks before it have been looked at; undefined before the first look. */
  nextBlock: bigint | undefined
  finalBlock: bigint | undefined
  /** Final, and yet to be looked at. */
  lagBlocks: number | undefined
  /** Fit for anybody; undefined while all is well. */
  fault: string | undefined
}
