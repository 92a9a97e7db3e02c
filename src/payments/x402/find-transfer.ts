import { type Address, type Hex, isAddressEqual, type Log, parseAbi, parseEventLogs } from 'viem'
import { CHAIN_NAMES, CHAINS, type ChainName } from '../../chain/chain-list.ts'
import type { Chains } from '../../chain/chains.ts'
import { createRpcClient } from '../../chain/rpc-client.ts'
import type { OpenPayment } from './payment-store.ts'

/**
 * What the chain says of a payment: the transaction that made it; that its authorization was not used; or that it was
 * canceled, or used for something else. Rejects where it cannot say.
 */
export type FindTransfer = (payment: SoughtPayment) => Promise<FoundTransfer>
export type FoundTransfer = { type: 'found'; txHash: string } | { type: 'unused' } | { type: 'spent' }

type SoughtPayment = Pick<OpenPayment, 'asset' | 'payer' | 'nonce' | 'payTo' | 'amount'>

/** Undefined where the gateway does not read the chain that payments are made on. */
export function createFindTransfer({
  ask,
  chains,
  network,
}: {
  ask: Chains['ask']
  chains: readonly ChainName[]
  network: `eip155:${number}`
}): FindTransfer | undefined {
  const chain = CHAIN_NAMES.find((name) => `eip155:${CHAINS[name].id}` === network)
  if (chain === undefined || !chains.includes(chain)) return undefined
  const client = createRpcClient(chain, ask(chain))
  return async (payment) => {
    const token = payment.asset as Address
    const args = [payment.payer as Address, payment.nonce as Hex] as const
    const isUsed = await client.readContract({ address: token, abi: ABI, functionName: 'authorizationState', args })
    if (!isUsed) return { type: 'unused' }
    for (const range of rangesBack(await client.getBlockNumber())) {
      const filter = {
        address: token,
        args: { authorizer: args[0], nonce: args[1] },
        ...range,
        strict: true,
      } as const
      const [[used], [canceled]] = await Promise.all([
        client.getLogs({ ...filter, event: ABI[1] }),
        client.getLogs({ ...filter, event: ABI[2] }),
      ])
      if (canceled !== undefined) return { type: 'spent' }
      if (used === undefined) continue
      const { status, logs } = await client.getTransactionReceipt({ hash: used.transactionHash })
      const isPaid = status === 'success' && isPayment(logs, payment)
      return isPaid ? { type: 'found', txHash: used.transactionHash.toLowerCase() } : { type: 'spent' }
    }
    throw new Error('The authorization was used too long ago to look for.')
  }
}

/** https://eips.ethereum.org/EIPS/eip-3009 */
const ABI = parseAbi([
  'function authorizationState(address authorizer, bytes32 nonce) view returns (bool)',
  'event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)',
  'event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
])

/** The token notes the authorization right before the transfer that it is for: others of that transaction are not meant. */
function isPayment(receipt: Log[], { asset, payer, nonce, payTo, amount }: SoughtPayment): boolean {
  const told = parseEventLogs({ abi: ABI, logs: receipt, strict: true }).filter(({ address }) =>
    isAddressEqual(address, asset as Address),
  )
  return told.some(
    (use) =>
      use.eventName === 'AuthorizationUsed' &&
      isAddressEqual(use.args.authorizer, payer as Address) &&
      use.args.nonce.toLowerCase() === nonce &&
      told.some(
        (transfer) =>
          transfer.eventName === 'Transfer' &&
          transfer.logIndex === use.logIndex + 1 &&
          isAddressEqual(transfer.args.from, payer as Address) &&
          isAddressEqual(transfer.args.to, payTo as Address) &&
          transfer.args.value === amount,
      ),
  )
}

/** What public nodes take at once. */
const BLOCKS = 1_000n
/** 11 hours of Base. */
const RANGES = 20

function* rangesBack(latest: bigint): Generator<{ fromBlock: bigint; toBlock: bigint }> {
  for (let to = latest, count = 0; to >= 0n && count < RANGES; to -= BLOCKS, count++) {
    yield { fromBlock: to >= BLOCKS ? to - BLOCKS + 1n : 0n, toBlock: to }
  }
}
