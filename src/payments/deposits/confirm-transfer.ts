import { type Hex, numberToHex, pad } from 'viem'
import { z } from 'zod'
import type { Rpc } from '../../chain/rpc.ts'
import type { Deposit, DepositPlace } from './deposit.ts'
import { DistrustError } from './distrust-error.ts'
import { Log, type Transfer } from './parse-transfers.ts'
import { readBlock } from './read-block.ts'

/** keccak256 of `AuthorizationUsed(address,bytes32)`: EIP-3009. */
const AUTHORIZATION_USED = '0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5'

/**
 * Asks for the block and the receipt of a transfer that a node told of, which have to tell of it too.
 * @throws {@link DistrustError}
 */
export async function confirmTransfer(
  ask: Rpc,
  { chainId, token }: DepositPlace,
  transfer: Transfer,
  signal: AbortSignal,
): Promise<Deposit> {
  const { txHash, blockNumber, blockHash, logIndex, sender, amount } = transfer
  const [block, given] = await Promise.all([
    readBlock(ask, blockNumber, signal),
    ask({ method: 'eth_getTransactionReceipt', params: [txHash], signal }),
  ])
  if (block?.hash !== blockHash) {
    throw new DistrustError(`The nodes give a transfer of a block ${blockNumber} that is not the chain's.`)
  }
  const { data: receipt } = Receipt.safeParse(given)
  const logAt = (index: number) => receipt?.logs.find((log) => log.logIndex === index && log.address === token)
  const told = logAt(logIndex)
  const isTold =
    receipt?.status === '0x1' &&
    receipt.transactionHash === txHash &&
    receipt.blockHash === blockHash &&
    told?.topics[1] === pad(sender) &&
    told.data === numberToHex(amount, { size: 32 })
  if (!isTold) throw new DistrustError(`The nodes give a transfer that its transaction ${txHash} has not made.`)

  // The token notes the authorization right before the transfer that it is for.
  const [event, authorizer, nonce] = logAt(logIndex - 1)?.topics ?? []
  const isAuthorized = event === AUTHORIZATION_USED && authorizer === pad(sender)
  return {
    chainId,
    token,
    txHash,
    logIndex,
    blockNumber,
    blockHash,
    sender,
    amount,
    nonce: isAuthorized ? nonce : undefined,
  }
}

const lower = z.string().transform((text) => text.toLowerCase() as Hex)
const Receipt = z.object({
  status: z.string(),
  transactionHash: lower,
  blockHash: lower,
  logs: z.array(Log),
})
