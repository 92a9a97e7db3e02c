import type { ChainName } from './chain-list.ts'

/** A chain we know, which this gateway's operator has left out. */
export class ChainNotEnabledError extends Error {
  override readonly name = 'ChainNotEnabledError'

  constructor({ chain, enabled }: { chain: ChainName; enabled: readonly ChainName[] }) {
    super(`${chain} is not enabled here. Enabled: ${enabled.join(', ')}.`)
  }
}
