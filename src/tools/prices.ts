import type { ChainName } from '../chain/chain-list.ts'
import { type Amount, toAmount } from './amount.ts'
import { type Feed, findFeed } from './feed-list.ts'
import { type ChainReading, type FeedReading, readFeeds, type Sequencer } from './read-feeds.ts'
import { toAge, toIso } from './time-words.ts'
import type { ToolContext } from './tool.ts'

/** A US dollar price and how it came about. */
export type Price = {
  asset: string
  /** Exact where one feed gives it; composed prices are cut to 18 decimals. */
  price: Amount
  chain: ChainName
  /** The feeds that were multiplied, first the asset's own. */
  sources: readonly PriceSource[]
  /** Of the oldest source, against the chain's block. */
  ageSec: number
  /** What a reader has to know about this very price. */
  remarks: readonly string[]
}

type PriceSource = {
  pair: string
  proxy: string
  answer: string
  decimals: number
  roundId: string
  updatedAtSec: number
  updatedAt: string
}

export type Unpriced = { asset: string; reason: string }

/** Older answers are refused. Chainlink's slowest heartbeats are a day; the hour is for the transaction to land. */
const MAX_PRICE_AGE_SEC = 25 * 3_600

/** Where a chain has no feed of an asset, these have the most; each asset is still asked on its own chain first. */
const FALLBACK_CHAINS = ['ethereum', 'arbitrum'] as const

/**
 * US dollar prices by Chainlink, several assets at once: one multicall a chain, and one chain unless a feed is missing there.
 * An asset that has a feed is never priced by another chain because the feed is stale, zero or behind a stopped sequencer:
 * it is unpriced, and the reason says why.
 */
export async function readPrices(
  context: Pick<ToolContext, 'chain' | 'block'>,
  chain: ChainName,
  assets: readonly string[],
): Promise<{ prices: readonly Price[]; unpriced: readonly Unpriced[] }> {
  const found = new Map<string, Price | Unpriced>()
  for (const candidate of new Set<ChainName>([chain, ...FALLBACK_CHAINS])) {
    const open = assets.filter((asset) => !found.has(asset) && findRoutes(candidate, asset).length > 0)
    if (open.length === 0) continue
    const feeds = open.flatMap((asset) => findRoutes(candidate, asset).flat())
    const read = await readFeeds(context, candidate, feeds).catch((reason: unknown) => {
      if (candidate === chain) throw reason
    })
    if (read === undefined) continue
    for (const asset of open) {
      const result = toPrice(asset, candidate, read)
      if (result === undefined) continue
      found.set(
        asset,
        candidate === chain || !('price' in result) ? result : withRemark(result, toElsewhere(chain, candidate)),
      )
    }
  }
  const results = assets.map((asset) => found.get(asset) ?? { asset, reason: toUnknown(asset) })
  return {
    prices: results.filter((result) => 'price' in result),
    unpriced: results.filter((result) => 'reason' in result),
  }
}

/** What `raw` of an asset is worth at `price`, in dollars with `places` decimals, halves up. */
export function toUsd(raw: bigint, decimals: number, { price }: Price, places = 2): Amount {
  const unit = 10n ** BigInt(decimals + price.decimals)
  const scaled = raw * BigInt(price.raw) * 10n ** BigInt(places)
  return toAmount((scaled + unit / 2n) / unit, { decimals: places, symbol: 'USD' })
}

/** Names people use, and what has no feed of its own: a wrapped coin is the coin, since the wrapper gives it back one for one. */
const SAME_AS: Readonly<Record<string, string>> = {
  WETH: 'ETH',
  WBNB: 'BNB',
  WAVAX: 'AVAX',
  WPOL: 'POL',
  MATIC: 'POL',
  WMATIC: 'POL',
  XDAI: 'DAI',
  WXDAI: 'DAI',
  USDT0: 'USDT',
  XBT: 'BTC',
  BITCOIN: 'BTC',
  ETHER: 'ETH',
  ETHEREUM: 'ETH',
  SOLANA: 'SOL',
  CHAINLINK: 'LINK',
  UNISWAP: 'UNI',
  DOGECOIN: 'DOGE',
  TETHER: 'USDT',
  EURO: 'EUR',
  GOLD: 'XAU',
  SILVER: 'XAG',
}

/** Feeds to multiply, the shortest way first. */
type Route = readonly Feed[]

function findRoutes(chain: ChainName, asset: string): Route[] {
  const symbol = toSymbol(asset)
  const other = SAME_AS[symbol]
  return [symbol, ...(other === undefined ? [] : [other])].flatMap((base) => {
    const direct = findFeed(chain, base, 'USD')
    const composed = (['ETH', 'BTC'] as const).flatMap((over): Route[] => {
      const first = findFeed(chain, base, over)
      const second = findFeed(chain, over, 'USD')
      return first === undefined || second === undefined ? [] : [[first, second]]
    })
    return direct === undefined ? composed : [[direct], ...composed]
  })
}

/** `$eth`, `ETH/USD` → `ETH`. */
function toSymbol(asset: string): string {
  return asset
    .trim()
    .toUpperCase()
    .replace(/^\$|[/-]USD$/g, '')
    .replaceAll('₮', 'T')
}

/** Undefined where no route's feeds answer at all: then another chain may be asked. */
function toPrice(asset: string, chain: ChainName, reading: ChainReading): Price | Unpriced | undefined {
  const route = findRoutes(chain, asset).find((feeds) => feeds.every(({ proxy }) => reading.feeds.has(proxy)))
  if (route === undefined) return undefined
  if (reading.sequencer === 'down') {
    return { asset, reason: `the sequencer of ${chain} is down, so the prices of its feeds cannot be relied on` }
  }
  if (reading.sequencer === 'just back') {
    return {
      asset,
      reason: `the sequencer of ${chain} came back less than an hour ago, so the prices of its feeds may be old`,
    }
  }
  const readings = route.flatMap(({ proxy }) => reading.feeds.get(proxy) ?? [])
  const fault = readings.map((feed) => findFault(feed, reading.nowSec)).find((reason) => reason !== undefined)
  if (fault !== undefined) return { asset, reason: fault }
  return {
    asset,
    price: multiply(readings),
    chain,
    sources: readings.map(toSource),
    ageSec: Math.max(...readings.map(({ round }) => reading.nowSec - round.updatedAtSec)),
    remarks: toRemarks(asset, readings, reading.sequencer),
  }
}

function findFault({ feed, round }: FeedReading, nowSec: number): string | undefined {
  const pair = `${feed.base}/${feed.quote}`
  if (round.answer <= 0n) return `the ${pair} feed on ${feed.chain} reports ${round.answer}, which is no price`
  if (round.updatedAtSec === 0) return `the ${pair} feed on ${feed.chain} has no finished round`
  const ageSec = nowSec - round.updatedAtSec
  // Else it would never grow stale.
  if (ageSec < 0) return `the ${pair} feed on ${feed.chain} dates its answer after the block it is read at`
  if (ageSec <= MAX_PRICE_AGE_SEC) return undefined
  return `the ${pair} feed on ${feed.chain} is stale: its last answer is of ${toIso(round.updatedAtSec)}, ${toAge(ageSec)} ago`
}

const COMPOSED_DECIMALS = 18

function multiply(readings: readonly FeedReading[]): Amount {
  const raw = readings.reduce((product, { round }) => product * round.answer, 1n)
  const decimals = readings.reduce((sum, reading) => sum + reading.decimals, 0)
  if (readings.length === 1 || decimals <= COMPOSED_DECIMALS) return toAmount(raw, { decimals, symbol: 'USD' })
  const cut = raw / 10n ** BigInt(decimals - COMPOSED_DECIMALS)
  return toAmount(cut, { decimals: COMPOSED_DECIMALS, symbol: 'USD' })
}

function toSource({ feed, round, decimals }: FeedReading): PriceSource {
  return {
    pair: `${feed.base}/${feed.quote}`,
    proxy: feed.proxy,
    answer: round.answer.toString(),
    decimals,
    roundId: round.roundId.toString(),
    updatedAtSec: round.updatedAtSec,
    updatedAt: toIso(round.updatedAtSec),
  }
}

function toRemarks(asset: string, readings: readonly FeedReading[], sequencer: Sequencer): string[] {
  const [first, second] = readings
  const remarks: string[] = []
  if (first !== undefined && first.feed.base.toUpperCase() !== toSymbol(asset))
    remarks.push(`priced as ${first.feed.base}`)
  if (first !== undefined && second !== undefined) {
    remarks.push(`composed of ${first.feed.base}/${first.feed.quote} and ${second.feed.base}/${second.feed.quote}`)
  }
  for (const { feed, description } of readings) {
    if (!isSamePair(description, feed)) remarks.push(`the feed calls itself '${description.slice(0, 60)}'`)
  }
  if (sequencer === 'unknown') remarks.push('whether the sequencer is up could not be read')
  return remarks
}

function isSamePair(description: string, { base, quote }: Feed): boolean {
  const bare = (text: string) => text.toUpperCase().replace(/[^A-Z0-9]/g, '')
  return bare(description) === bare(`${base}${quote}`)
}

function withRemark(price: Price, remark: string): Price {
  return { ...price, remarks: [...price.remarks, remark] }
}

function toElsewhere(asked: ChainName, used: ChainName): string {
  return `by a feed on ${used}, since none answers on ${asked}`
}

function toUnknown(asset: string): string {
  return `no Chainlink feed of ${asset} in US dollars, ETH or BTC is known or answers`
}
