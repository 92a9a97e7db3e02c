import { type Hex, pad } from 'viem'
import { z } from 'zod'
import type { DepositPlace } from './deposit.ts'
import { DistrustError } from './distrust-error.ts'

/** A log of the token that says that the treasury got some. */
export type Transfer = {
  txHash: Hex
  logIndex: number
  blockNumber: bigint
  blockHash: Hex
  sender: Hex
  amount: bigint
}

/** keccak256 of `Transfer(address,address,uint256)`: ERC-20. */
export const TRANSFER = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef'

/**
 * Transfers to the treasury, of what a node gave when it was asked for those of `from` to `to`.
 * @throws {@link DistrustError} where a log is not what was asked for: the rest is not to be trusted either.
 */
export function parseTransfers(
  logs: unknown,
  { token, treasury, from, to }: DepositPlace & { from: bigint; to: bigint },
): readonly Transfer[] {
  const parsed = z.array(Log).safeParse(logs)
  if (!parsed.success) throw new DistrustError('The nodes give logs that are none.')
  const seen = new Set<string>()
  return parsed.data.map(({ address, topics, data, blockNumber, ...log }) => {
    const [event, sender = '0x', receiver, ...more] = topics
    const isAsked = address === token && event === TRANSFER && receiver === pad(treasury) && more.length === 0
    if (!isAsked || !isWord(data) || !isAddressWord(sender)) {
      throw new DistrustError('The nodes give logs that were not asked for.')
    }
    if (log.removed) throw new DistrustError('The nodes give transfers of final blocks that they have taken back.')
    if (blockNumber < from || blockNumber > to) throw new DistrustError('The nodes give logs of other blocks.')
    const place = `${blockNumber} ${log.logIndex}`
    if (seen.has(place)) throw new DistrustError('The nodes give two logs for one place in a block.')
    seen.add(place)
    const amount = BigInt(data)
    if (amount > MOST) throw new DistrustError('The nodes give a transfer of more than there is.')
    return {
      txHash: log.transactionHash,
      logIndex: log.logIndex,
      blockNumber,
      blockHash: log.blockHash,
      sender: toAddress(sender),
      amount,
    }
  })
}

/** What the store can hold; of USDC there is a millionth of it. */
const MOST = 2n ** 63n - 1n

const hex = z
  .string()
  .regex(/^0x[0-9a-f]*$/i)
  .transform((text) => text.toLowerCase() as Hex)
const word = hex.refine(isWord)
const quantity = z.string().regex(/^0x[0-9a-f]{1,16}$/i)

/** As JSON-RPC has it. */
export const Log = z.object({
  address: hex,
  topics: z.array(word).max(4),
  data: hex,
  blockNumber: quantity.transform(BigInt),
  blockHash: word,
  transactionHash: word,
  logIndex: quantity.transform(Number).refine(Number.isSafeInteger),
  removed: z.boolean().nullish(),
})

const toAddress = (topic: Hex): Hex => `0x${topic.slice(-40)}`

function isWord(text: string): boolean {
  return text.length === 66
}

function isAddressWord(text: string): boolean {
  return isWord(text) && text.startsWith(`0x${'0'.repeat(24)}`)
}
