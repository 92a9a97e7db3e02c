import { type Address, erc20Abi, type Hash, type Hex } from 'viem'
import { type DevChainId, devClient } from './dev-client.ts'
import { loadMeta } from './meta.ts'
import { submitRound } from './rounds.ts'

/** What a spec may do to a running development chain. Each resolves once it holds at the tip. */
export type DevControl = {
  mine(blocks?: number): Promise<void>
  setNonce(address: Address, nonce: number): Promise<void>
  /** Wei. */
  setBalance(address: Address, balance: bigint): Promise<void>
  setCode(address: Address, code: Hex): Promise<void>
  /** One more round of a feed, by its pair in the meta (`ETH/USD`); `answer` in raw units. */
  submitPrice(pair: string, answer: bigint): Promise<void>
  /** 0 = up, 1 = down; only on chains that have a sequencer feed. */
  setSequencer(answer: 0n | 1n): Promise<void>
  /** Mines a block that much later than now. */
  increaseTime(seconds: number): Promise<void>
  /** Wei. */
  transferCoins(transfer: { from: Address; to: Address; amount: bigint }): Promise<Hash>
  /** Raw units. */
  transferToken(transfer: { token: Address; from: Address; to: Address; amount: bigint }): Promise<Hash>
  /** Replaces the last `depth` blocks by others. */
  reorg(depth: number): Promise<void>
  snapshot(): Promise<Hex>
  revert(id: Hex): Promise<void>
}

export function createControl({ url, chainId }: { url: string; chainId: DevChainId }): DevControl {
  const client = devClient(url, chainId)
  const settled = async (hash: Hash) => {
    await client.waitForTransactionReceipt({ hash })
    return hash
  }
  const submit = async (pair: string, answer: bigint) => {
    const { feeds, operator } = await loadMeta(chainId)
    const feed = feeds.find((candidate) => candidate.pair === pair)
    if (feed === undefined) throw new Error(`Chain ${chainId} has no feed ${pair}`)
    await settled(await submitRound(client, { operator, aggregator: feed.aggregator, answer }))
  }
  return {
    mine: (blocks = 1) => client.mine({ blocks }),
    setNonce: (address, nonce) => client.setNonce({ address, nonce }),
    setBalance: (address, value) => client.setBalance({ address, value }),
    setCode: (address, bytecode) => client.setCode({ address, bytecode }),
    submitPrice: submit,
    setSequencer: (answer) => submit(SEQUENCER, answer),
    increaseTime: async (seconds) => {
      await client.increaseTime({ seconds })
      await client.mine({ blocks: 1 })
    },
    transferCoins: async ({ from, to, amount }) =>
      settled(await client.sendTransaction({ account: from, to, value: amount })),
    transferToken: async ({ token, from, to, amount }) => {
      const call = { address: token, abi: erc20Abi, functionName: 'transfer', args: [to, amount] } as const
      return settled(await client.writeContract({ ...call, account: from }))
    },
    reorg: async (depth) => {
      await client.request({ method: 'anvil_reorg', params: [depth, []] })
    },
    snapshot: () => client.snapshot(),
    revert: (id) => client.revert({ id }),
  }
}

const SEQUENCER = 'L2_Sequencer_Uptime_Status_Feed'
