import { parseAbi } from 'viem'
import type { ChainName } from '../chain/chain-list.ts'
import { type Feed, findSequencerFeed } from './feed-list.ts'
import { throwIfUnanswered } from './throw-if-unanswered.ts'
import type { ToolContext } from './tool.ts'

const AGGREGATOR = parseAbi([
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
  'function decimals() view returns (uint8)',
  'function description() view returns (string)',
])

type Round = { roundId: bigint; answer: bigint; startedAtSec: number; updatedAtSec: number }
export type FeedReading = { feed: Feed; round: Round; decimals: number; description: string }
/** `feeds` by proxy; a feed that does not answer is missing. */
export type ChainReading = { nowSec: number; feeds: ReadonlyMap<string, FeedReading>; sequencer: Sequencer }
export type Sequencer = 'none' | 'unknown' | 'down' | 'just back' | 'up'

/** The latest rounds of `wanted`, all on `chain`, and whether its sequencer is up: one multicall. */
export async function readFeeds(
  { chain: client, block }: Pick<ToolContext, 'chain' | 'block'>,
  chain: ChainName,
  wanted: readonly Feed[],
): Promise<ChainReading> {
  const feeds = [...new Map(wanted.map((feed) => [feed.proxy, feed])).values()]
  const sequencer = findSequencerFeed(chain)
  const calls = feeds.flatMap(({ proxy }) =>
    (['latestRoundData', 'decimals', 'description'] as const).map((functionName) => ({
      address: proxy,
      abi: AGGREGATOR,
      functionName,
    })),
  )
  const uptime =
    sequencer === undefined ? [] : [{ address: sequencer, abi: AGGREGATOR, functionName: 'latestRoundData' as const }]
  const [{ timestampSec: nowSec }, answers] = await Promise.all([
    block(chain),
    client(chain).multicall({ contracts: [...calls, ...uptime], batchSize: 0 }),
  ])
  throwIfUnanswered(answers)
  const results = answers.map((answer) => (answer.status === 'success' ? answer.result : undefined))
  const readings = feeds.flatMap((feed, i) => {
    const round = toRound(results[3 * i])
    const decimals = results[3 * i + 1]
    if (round === undefined || typeof decimals !== 'number') return []
    return [[feed.proxy, { feed, round, decimals, description: String(results[3 * i + 2] ?? '') }] as const]
  })
  return {
    nowSec,
    feeds: new Map(readings),
    sequencer: sequencer === undefined ? 'none' : toSequencer(toRound(results[calls.length]), nowSec),
  }
}

/** Chainlink: "a grace period of one hour" after a sequencer is back (docs.chain.link, L2 sequencer uptime feeds). */
const SEQUENCER_GRACE_SEC = 3_600

function toRound(result: unknown): Round | undefined {
  if (!Array.isArray(result)) return undefined
  const [roundId, answer, startedAt, updatedAt] = result as [bigint, bigint, bigint, bigint]
  return { roundId, answer, startedAtSec: Number(startedAt), updatedAtSec: Number(updatedAt) }
}

function toSequencer(round: Round | undefined, nowSec: number): Sequencer {
  // Arbitrum's feed starts no round before it is initialised.
  if (round === undefined || round.startedAtSec === 0) return 'unknown'
  if (round.answer !== 0n) return 'down'
  return nowSec - round.startedAtSec < SEQUENCER_GRACE_SEC ? 'just back' : 'up'
}
