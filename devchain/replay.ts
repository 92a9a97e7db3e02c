import { type Address, encodeFunctionData, erc20Abi, type Hex, toHex } from 'viem'
import type { DevClient } from './dev-client.ts'
import { GAS_PRICE, HISTORY_BLOCKS, HISTORY_STRIDE, TRANSFER_GAS } from './history.ts'
import type { Meta, MetaTransfer } from './meta.ts'
import { encodeRound, liveFeeds } from './rounds.ts'

const BLOCK_SEC = 12
export const HISTORY_SEC = HISTORY_BLOCKS * BLOCK_SEC

/** Blocks with price rounds, and each round's distance from the final price in thousandths. */
const ROUNDS = [
  { block: 5, perMille: 985n },
  { block: 70, perMille: 1004n },
  { block: 135, perMille: 998n },
  { block: 195, perMille: 1000n },
] as const

const BASE_FEE = 1_000_000_000n
const CALL_GAS = 500_000n

/** Mines the chain's past: {@link HISTORY_BLOCKS} blocks, 12 s apart, with the transfers and price rounds of `meta`. */
export async function replayHistory(client: DevClient, meta: Meta): Promise<void> {
  const send = createSender(client)
  await client.setBlockTimestampInterval({ interval: BLOCK_SEC })
  await client.mine({ blocks: HISTORY_STRIDE - 1 })
  for (let block = HISTORY_STRIDE; block < HISTORY_BLOCKS; block += HISTORY_STRIDE) {
    // Empty blocks let the base fee decay to nothing.
    await Promise.all([
      client.setNextBlockBaseFeePerGas({ baseFeePerGas: BASE_FEE }),
      ...[...transfersOf(meta, block), ...roundsOf(meta, block)].map(send),
    ])
    await client.mine({ blocks: HISTORY_STRIDE })
  }
  await client.setNextBlockBaseFeePerGas({ baseFeePerGas: BASE_FEE })
  await client.mine({ blocks: 1 })
  await client.removeBlockTimestampInterval()
}

type Transaction = { from: Address; to: Address; value?: bigint; data?: Hex; gas: bigint }

/** Transactions of one block go out side by side, so each is told its nonce. */
function createSender(client: DevClient): (transaction: Transaction) => Promise<Hex> {
  const nonces = new Map<Address, Promise<number>>()
  return async ({ from, to, value = 0n, data = '0x', gas }) => {
    const taken = nonces.get(from) ?? client.getTransactionCount({ address: from })
    nonces.set(
      from,
      taken.then((nonce) => nonce + 1),
    )
    const nonce = toHex(await taken)
    const [hexValue, hexGas, gasPrice] = [toHex(value), toHex(gas), toHex(GAS_PRICE)]
    return client.request({
      method: 'eth_sendTransaction',
      params: [{ from, to, value: hexValue, data, gas: hexGas, gasPrice, nonce }],
    })
  }
}

function transfersOf({ history }: Meta, block: number): Transaction[] {
  return history.filter((transfer) => transfer.block === block).map(toTransaction)
}

function toTransaction({ from, to, raw, token }: MetaTransfer): Transaction {
  if (token === undefined) return { from, to, value: BigInt(raw), gas: TRANSFER_GAS }
  const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, BigInt(raw)] })
  return { from, to: token, data, gas: CALL_GAS }
}

function roundsOf(meta: Meta, block: number): Transaction[] {
  const index = ROUNDS.findIndex((round) => round.block === block)
  const round = ROUNDS[index]
  if (round === undefined) return []
  const isLast = index === ROUNDS.length - 1
  return liveFeeds(meta).map(({ aggregator, price, answer }) => {
    const submitted = isLast ? BigInt(answer) : (BigInt(price) * round.perMille) / 1000n
    return { from: meta.operator, to: aggregator, data: encodeRound(BigInt(index + 1), submitted), gas: CALL_GAS }
  })
}
