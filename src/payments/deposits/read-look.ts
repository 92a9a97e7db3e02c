import { numberToHex, pad } from 'viem'
import type { Head } from '../../chain/head.ts'
import type { Rpc } from '../../chain/rpc.ts'
import { confirmTransfer } from './confirm-transfer.ts'
import type { Cursor } from './cursor.ts'
import type { Deposit, DepositPlace } from './deposit.ts'
import { DistrustError } from './distrust-error.ts'
import { parseTransfers, TRANSFER, type Transfer } from './parse-transfers.ts'
import { readBlock } from './read-block.ts'

/** Blocks that are final, and what came to the treasury in them. `unclaimed`: what nobody has sent. */
export type Finds = { end: Cursor; deposits: readonly Deposit[]; unclaimed: readonly Transfer[] }

/**
 * Looks at the blocks from a cursor on, at most `blocks` of them and up to the one that is final.
 * @throws {@link DistrustError} where what the nodes tell does not fit together, or to what they told before.
 */
export async function readLook(
  ask: Rpc,
  { from, blocks, final, ...place }: DepositPlace & { from: Cursor; blocks: bigint; final: Head },
  signal: AbortSignal,
): Promise<Finds> {
  const { token, treasury } = place
  const last = from.nextBlock + blocks - 1n
  const to = last < final.number ? last : final.number
  const filter = {
    address: token,
    topics: [TRANSFER, null, pad(treasury)],
    fromBlock: numberToHex(from.nextBlock),
    toBlock: numberToHex(to),
  }
  // Side by side, and so in one request: who gives the logs has the blocks.
  const [logs, before, end] = await Promise.all([
    ask({ method: 'eth_getLogs', params: [filter], signal }),
    readBlock(ask, from.nextBlock - 1n, signal),
    readBlock(ask, to, signal),
  ])
  if (before?.hash !== from.lastHash) {
    throw new DistrustError(
      `Block ${from.nextBlock - 1n} was final, and the nodes have another now. ` +
        'Find out why; deposits are credited again once its row of deposit_cursors is removed.',
    )
  }
  if (end === undefined) throw new DistrustError('The nodes lack a block that they say is final.')
  if (to === final.number && end.hash !== final.hash) throw new DistrustError('The nodes disagree on what is final.')

  const transfers = parseTransfers(logs, { ...place, from: from.nextBlock, to })
  const incoming = transfers.filter(({ amount, sender }) => amount > 0n && sender !== treasury)
  const sent = incoming.filter(({ sender }) => sender !== NOBODY)
  return {
    end: { nextBlock: to + 1n, lastHash: end.hash },
    deposits: await confirmAll(sent, (transfer) => confirmTransfer(ask, place, transfer, signal)),
    unclaimed: incoming.filter(({ sender }) => sender === NOBODY),
  }
}

/** The sender of tokens that are new: minted, or come from another chain. */
const NOBODY = `0x${'0'.repeat(40)}`
/** Anybody can send dust, and a lot of it: some at a time. */
const AT_ONCE = 50

async function confirmAll(
  transfers: readonly Transfer[],
  confirm: (transfer: Transfer) => Promise<Deposit>,
): Promise<readonly Deposit[]> {
  const deposits: Deposit[] = []
  for (let at = 0; at < transfers.length; at += AT_ONCE) {
    deposits.push(...(await Promise.all(transfers.slice(at, at + AT_ONCE).map(confirm))))
  }
  return deposits
}
