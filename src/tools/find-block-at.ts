import { BaseError, BlockNotFoundError } from 'viem'
import type { ChainName } from '../chain/chain-list.ts'
import { ChainUnavailableError } from '../chain/chain-unavailable-error.ts'
import type { ToolContext } from './tool.ts'

export type BlockTime = { number: bigint; timestampSec: number }

/** How many blocks are asked for at once: they leave in one batch, so a round costs one request. */
const PROBES = 12
/** Even with no luck a round leaves a thirteenth, so this is enough for any chain. */
const MAX_ROUNDS = 24

/**
 * The last block at or before a moment, and the one after it, or undefined where the nodes have no block that old.
 * Blocks come at nearly even intervals, so each round asks around the likely place and evenly over what is left:
 * three or four requests where halving would take twenty-five.
 */
export async function findBlockAt(
  { chain: client, signal }: Pick<ToolContext, 'chain' | 'signal'>,
  chain: ChainName,
  unixSec: number,
  latest: BlockTime,
): Promise<BlockTime | undefined> {
  if (unixSec >= latest.timestampSec) return latest
  let below: BlockTime | undefined
  let missing = -1n
  let above = latest
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const floor = below?.number ?? missing
    if (above.number - floor <= 1n) return below
    signal.throwIfAborted()
    const blocks = await Promise.all(toProbes(floor, above, below, unixSec).map(read))
    for (const { number, timestampSec } of blocks) {
      if (timestampSec === undefined) missing = number > missing ? number : missing
      else if (timestampSec <= unixSec) below = number > (below?.number ?? -1n) ? { number, timestampSec } : below
      else if (number < above.number) above = { number, timestampSec }
    }
  }
  return below

  async function read(number: bigint): Promise<{ number: bigint; timestampSec: number | undefined }> {
    try {
      const { timestamp } = await client(chain).getBlock({ blockNumber: number })
      return { number, timestampSec: Number(timestamp) }
    } catch (error) {
      if (isUnknownBlock(error)) return { number, timestampSec: undefined }
      throw error
    }
  }
}

/** Numbers strictly between `floor` and `above`, without repetition. */
function toProbes(floor: bigint, above: BlockTime, below: BlockTime | undefined, unixSec: number): bigint[] {
  const width = above.number - floor
  const even = Array.from({ length: PROBES / 2 }, (_, i) => floor + (width * BigInt(i + 1)) / BigInt(PROBES / 2 + 1))
  const seconds = above.timestampSec - (below?.timestampSec ?? above.timestampSec - Number(width) * GUESSED_BLOCK_SEC)
  const fromTop = Math.round(((above.timestampSec - unixSec) / Math.max(1, seconds)) * Number(width))
  const likely = above.number - BigInt(fromTop)
  const step = width / 200n > 1n ? width / 200n : 1n
  const near = [-1n, 0n, 1n, -step, step, 3n * step].map((offset) => likely + offset)
  // The oldest block there may be: with it the whole chain's pace is known.
  const oldest = below === undefined ? [floor + 1n] : []
  return [...new Set([...oldest, ...even, ...near])].filter((number) => number > floor && number < above.number)
}

const GUESSED_BLOCK_SEC = 12

/** Whether a read failed because no node has the block, rather than because none answered. */
export function isUnknownBlock(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false
  if (error.walk((cause) => cause instanceof BlockNotFoundError) !== null) return true
  const unavailable = error.walk((cause) => cause instanceof ChainUnavailableError)
  return (
    unavailable instanceof ChainUnavailableError && unavailable.faults.every(({ kind }) => kind === 'unknown_block')
  )
}
