import type { Address } from 'viem'
import type { Meta, MetaTransfer } from './meta.ts'

/** Blocks replayed after the genesis at each start: enough for reads of the past. */
export const HISTORY_BLOCKS = 200
/** Transactions come in every fifth block. */
export const HISTORY_STRIDE = 5
/** Flat, so that a sender's balance after the history is known beforehand. Wei. */
export const GAS_PRICE = 2_000_000_000n
export const TRANSFER_GAS = 21_000n

const COIN_TRANSFER_BLOCKS = [20, 60, 100, 140, 180]

/** Vitalik sends coins to Alice, and the whale sends the treasury, and everybody who holds it, a share of each token. */
export function planHistory({ accounts, tokens, whale }: Pick<Meta, 'accounts' | 'tokens' | 'whale'>): MetaTransfer[] {
  const [vitalik, alice] = accounts
  if (vitalik === undefined || alice === undefined) throw new Error('The history needs two accounts')
  const amount = BigInt(vitalik.balance) / 10_000n
  const coins = COIN_TRANSFER_BLOCKS.map((block) => {
    return { block, from: vitalik.address, to: alice.address, raw: String(amount) }
  })
  const shares = tokens
    .filter(({ kind }) => kind !== 'fake')
    .flatMap(({ address: token, holders }) =>
      holders
        .filter((holder) => BigInt(holder.raw) >= 100n)
        .map((holder) => ({ from: whale, to: holder.address, raw: String(BigInt(holder.raw) / 100n), token })),
    )
  const slots = HISTORY_BLOCKS / HISTORY_STRIDE - 1
  const transfers = shares.map((share, index) => ({ block: HISTORY_STRIDE * (1 + (index % slots)), ...share }))
  return [...coins, ...transfers].sort((a, b) => a.block - b.block)
}

/** An account's nonce and balance in the genesis, from what they are when the history has ended. */
export function beforeHistory(
  account: { address: Address; nonce: number; balance: string },
  history: readonly MetaTransfer[],
): { nonce: number; balance: bigint } {
  const coins = history.filter(({ token }) => token === undefined)
  const sent = coins.filter(({ from }) => from === account.address)
  const received = coins.filter(({ to }) => to === account.address)
  const spent = sum(sent) + BigInt(sent.length) * TRANSFER_GAS * GAS_PRICE
  return { nonce: account.nonce - sent.length, balance: BigInt(account.balance) + spent - sum(received) }
}

function sum(transfers: readonly MetaTransfer[]): bigint {
  return transfers.reduce((total, { raw }) => total + BigInt(raw), 0n)
}
