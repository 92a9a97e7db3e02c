import { formatGwei } from 'viem'
import {
  blockNumber,
  chainName,
  defineTool,
  findBlockAt,
  isUnknownBlock,
  type Moment,
  ToolError,
  time,
  toAge,
  toIso,
  withSeparators,
  z,
} from '../src/toolkit.ts'

/** Clocks differ by a little; a time further ahead has not come yet. */
const AHEAD_SEC = 60

export default defineTool({
  name: 'block',
  description:
    'A block of a chain: the latest one, one by its number, or the last one at or before a time. Gives its number, time, transactions, gas and hash.',
  input: z.object({
    chain: chainName.default('ethereum'),
    block: blockNumber.optional().describe('A block number'),
    time: time.optional(),
  }),
  output: z.object({
    chain: z.string(),
    number: z.int(),
    hash: z.string(),
    timestampSec: z.int(),
    time: z.string(),
    ageSec: z.int().meta({ description: 'Against the latest block' }),
    transactions: z.int(),
    gasUsed: z.string(),
    gasLimit: z.string(),
    baseFeeGwei: z.string().nullable(),
    isLatest: z.boolean(),
  }),
  examples: [
    { ask: 'what is the latest block on {chain}?' },
    { ask: 'what is the latest block?' },
    { ask: 'what is the current block number on {chain}?' },
    { ask: 'what is the current block number?' },
    { ask: 'what is the block height of {chain}?' },
    { ask: 'when was block {block} mined on {chain}?' },
    { ask: 'when was block {block} mined?' },
    { ask: 'how many transactions are in block {block} on {chain}?' },
    { ask: 'how many transactions are in block {block}?' },
    { ask: 'show me block {block} on {chain}' },
    { ask: 'show me block {block}' },
    { ask: 'what is the timestamp of block {block}?' },
    { ask: 'what is the timestamp of block {block} on {chain}?' },
    { ask: 'what was the block on {chain} at {time}?' },
    { ask: 'what was the block at {time}?' },
    { ask: 'which block was mined {time} on {chain}?' },
    { ask: 'which block was mined {time}?' },
  ],
  notes: ['The newest blocks can still be replaced; on ethereum a block is final after about 15 minutes.'],
  async execute({ chain, block, time: moment }, context) {
    if (block !== undefined && moment !== undefined) throw new ToolError('Give a block number or a time, not both.')
    const latest = await context.block(chain)
    const number = moment === undefined ? BigInt(block ?? latest.number) : await toNumber(moment)
    if (number > latest.number)
      throw new ToolError(`${chain} has no block ${number} yet: its latest is ${latest.number}.`)
    const isLatest = number === latest.number
    const found = await context
      .chain(chain)
      .getBlock(isLatest ? {} : { blockNumber: number })
      .catch((error: unknown) => {
        throw isUnknownBlock(error) ? new ToolError(`The nodes of ${chain} do not have block ${number}.`) : error
      })
    return {
      chain,
      number: Number(number),
      hash: found.hash ?? '',
      timestampSec: Number(found.timestamp),
      time: toIso(Number(found.timestamp)),
      ageSec: latest.timestampSec - Number(found.timestamp),
      transactions: found.transactions.length,
      gasUsed: found.gasUsed.toString(),
      gasLimit: found.gasLimit.toString(),
      baseFeeGwei: found.baseFeePerGas == null ? null : formatGwei(found.baseFeePerGas),
      isLatest,
    }

    async function toNumber(at: Moment): Promise<bigint> {
      const unixSec = at.type === 'at' ? at.unixSec : latest.timestampSec - at.seconds
      if (unixSec > latest.timestampSec + AHEAD_SEC) {
        throw new ToolError(
          `${toIso(unixSec)} has not come yet: the latest block of ${chain} is of ${toIso(latest.timestampSec)}.`,
        )
      }
      const found = await findBlockAt(context, chain, unixSec, latest)
      if (found === undefined) throw new ToolError(`The nodes of ${chain} have no block as old as ${toIso(unixSec)}.`)
      return found.number
    }
  },
  summary({ chain, number, time: at, ageSec, transactions, isLatest }) {
    const count = `${withSeparators(transactions)} transaction${transactions === 1 ? '' : 's'}`
    return isLatest
      ? `The latest block on ${chain} is ${number}, of ${at}, with ${count}.`
      : `Block ${number} on ${chain} is of ${at} (${toAge(ageSec)} before the latest) and holds ${count}.`
  },
})
