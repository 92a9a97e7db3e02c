import type { Address } from 'viem'
import { CHAIN_NAMES, CHAINS, type ChainName } from '../chain/chain-list.ts'
import data from './data/feeds.json' with { type: 'json' }

export type Quote = 'USD' | 'ETH' | 'BTC'

/** A Chainlink feed: the price of one `base` in `quote`, at the proxy that outlives its aggregators. */
export type Feed = { chain: ChainName; base: string; quote: Quote; proxy: Address }

/** The feed of a pair on a chain, whatever the case of `base`. */
export function findFeed(chain: ChainName, base: string, quote: Quote): Feed | undefined {
  return FEEDS.get(toKey(chain, base, quote))
}

/** Says whether the sequencer of an L2 is up; a price read while it was down is not the market's. */
export function findSequencerFeed(chain: ChainName): Address | undefined {
  return (data.sequencerUptime as Record<string, string>)[CHAINS[chain].id] as Address | undefined
}

const FEEDS: ReadonlyMap<string, Feed> = new Map(
  CHAIN_NAMES.flatMap((chain) =>
    ((data.feeds as Record<string, string[][]>)[CHAINS[chain].id] ?? []).map((row) => {
      const [base, quote, proxy] = row as [string, Quote, Address]
      return [toKey(chain, base, quote), { chain, base, quote, proxy }] as const
    }),
  ),
)

function toKey(chain: ChainName, base: string, quote: Quote): string {
  return `${chain} ${base.toUpperCase()}/${quote}`
}
