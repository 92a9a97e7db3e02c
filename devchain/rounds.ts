import { type Address, encodeFunctionData, type Hex, parseAbi } from 'viem'
import type { DevClient } from './dev-client.ts'
import type { Meta, MetaFeed } from './meta.ts'

/** Chainlink's FluxAggregator, as far as we write to it. */
const aggregatorAbi = parseAbi([
  'function submit(uint256 roundId, int256 answer)',
  'function latestRound() view returns (uint256)',
])

export function encodeRound(roundId: bigint, answer: bigint): Hex {
  return encodeFunctionData({ abi: aggregatorAbi, functionName: 'submit', args: [roundId, answer] })
}

/** Feeds that get new rounds while the chain runs. */
export function liveFeeds({ feeds }: Pick<Meta, 'feeds'>): MetaFeed[] {
  return feeds.filter(({ kind }) => kind === 'fresh' || kind === 'zero')
}

/** Submits one more round; it counts with the next block. */
export async function submitRound(
  client: DevClient,
  { operator, aggregator, answer, nonce }: { operator: Address; aggregator: Address; answer: bigint; nonce?: number },
): Promise<Hex> {
  const latest = await client.readContract({ address: aggregator, abi: aggregatorAbi, functionName: 'latestRound' })
  return client.sendTransaction({
    account: operator,
    to: aggregator,
    data: encodeRound(latest + 1n, answer),
    gas: 500_000n,
    ...(nonce !== undefined && { nonce }),
  })
}

/** A new round with the same answer for each live feed, so that prices do not age. */
export async function refreshFeeds(client: DevClient, meta: Meta): Promise<void> {
  const { operator } = meta
  const first = await client.getTransactionCount({ address: operator, blockTag: 'pending' })
  await Promise.all(
    liveFeeds(meta).map(({ aggregator, answer }, index) =>
      submitRound(client, { operator, aggregator, answer: BigInt(answer), nonce: first + index }),
    ),
  )
}
