import * as arbitrumFeeds from '@aave-dao/aave-address-book/ChainlinkArbitrum'
import * as baseFeeds from '@aave-dao/aave-address-book/ChainlinkBase'
import * as ethereumFeeds from '@aave-dao/aave-address-book/ChainlinkEthereum'
import { type Address, getAddress, isAddress, parseUnits, zeroAddress } from 'viem'
import type { DevChainId } from '../dev-client.ts'
import type { MetaFeed } from '../meta.ts'
import type { Artifacts } from './artifacts.ts'
import { type Builder, derivedAddress } from './builder.ts'
import type { Feed } from './world.ts'

const BOOKS: Record<DevChainId, Record<string, unknown>> = { 1: ethereumFeeds, 8453: baseFeeds, 42161: arbitrumFeeds }

const ROUND_TIMEOUT_SEC = 1800
const NO_UPPER_BOUND = 2n ** 191n

type FeedDeps = { builder: Builder; artifacts: Artifacts; operator: Address }

/**
 * Places a feed's aggregator, and its proxy at the address the book names. Only feeds that are never refreshed get
 * their rounds here: a fresh feed that also had old ones would seem to have slept for months.
 */
export async function buildFeed(
  { builder, artifacts, operator }: FeedDeps,
  chainId: DevChainId,
  feed: Feed,
): Promise<MetaFeed> {
  const proxy = bookAddress(chainId, feed.key)
  const aggregator = derivedAddress(`aggregator ${feed.key}`)
  const description = feed.key.replaceAll('__', ' / ').replaceAll('_', ' ')
  const price = parseUnits(feed.price, feed.decimals)
  const { aggregator: flux, feedProxy } = artifacts
  const lowest = feed.kind === 'fresh' || feed.kind === 'stale' ? 1n : 0n
  await builder.place(aggregator, flux, [
    zeroAddress,
    0n,
    ROUND_TIMEOUT_SEC,
    zeroAddress,
    lowest,
    NO_UPPER_BOUND,
    feed.decimals,
    description,
  ])
  await builder.place(proxy, feedProxy, [aggregator, zeroAddress])
  await builder.send(operator, aggregator, flux, 'changeOracles', [[], [operator], [operator], 1, 1, 0])
  const oldRounds = { fresh: [], zero: [], sequencer: [price], stale: [(price * 98n) / 100n, price] }[feed.kind]
  for (const [index, answer] of oldRounds.entries()) {
    await builder.send(operator, aggregator, flux, 'submit', [BigInt(index + 1), answer])
  }
  const { decimals, kind } = feed
  const answer = kind === 'zero' ? '0' : String(price)
  const pair = feed.key.replaceAll('__', '/')
  return { pair, description, proxy, aggregator, decimals, price: String(price), answer, kind }
}

function bookAddress(chainId: DevChainId, key: string): Address {
  const address = BOOKS[chainId][key]
  if (typeof address !== 'string' || !isAddress(address))
    throw new Error(`The address book has no ${key} on ${chainId}`)
  return getAddress(address)
}
