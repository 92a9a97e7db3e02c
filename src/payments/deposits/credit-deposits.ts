import { type Kysely, sql } from 'kysely'
import { appendAudit } from '../../accounts/audit/append-audit.ts'
import { atomically } from '../../accounts/ledger/ledger-db.ts'
import { openAccount } from '../../accounts/ledger/open-account.ts'
import { topUp } from '../../accounts/ledger/top-up.ts'
import type { Tables } from '../../db/schema.ts'
import { lockTransaction } from '../lock-transaction.ts'
import { isPaidByX402 } from '../x402/is-paid-by-x402.ts'
import { creditPayment } from '../x402/payment-store.ts'
import { type Cursor, moveCursor } from './cursor.ts'
import type { Deposit, DepositPlace } from './deposit.ts'

export type Look = DepositPlace & { from: Cursor; to: Cursor; deposits: readonly Deposit[] }

/**
 * Credits what was found from one cursor to another, and moves it, all or nothing.
 * @returns what was credited; undefined where another process has looked there meanwhile.
 */
export function creditDeposits(
  db: Kysely<Tables>,
  { from, to, deposits, ...place }: Look,
): Promise<readonly Deposit[] | undefined> {
  return atomically(db, async (tx) => {
    if (!(await moveCursor(tx, place, from, to))) return undefined
    // What locks several locks them in one order, transactions before accounts.
    const txHashes = [...new Set(deposits.map(({ txHash }) => txHash))].sort()
    for (const txHash of txHashes) await lockTransaction(tx, { chainId: place.chainId, txHash })
    const credited: Deposit[] = []
    for (const deposit of deposits.toSorted((a, b) => (a.sender < b.sender ? -1 : 1))) {
      if (await creditDeposit(tx, place, deposit)) credited.push(deposit)
    }
    return credited
  })
}

async function creditDeposit(tx: Kysely<Tables>, place: DepositPlace, deposit: Deposit): Promise<boolean> {
  const { chainId, txHash, logIndex, sender, amount } = deposit
  if (await isPayment(tx, place, deposit)) return false
  await openAccount(tx, { id: sender, kind: 'wallet' })
  const ref = `${chainId}:${txHash}:${logIndex}`
  // First of all, as it locks the account: a row that refers to one would share the lock with others who then want it whole.
  const { isNew } = await topUp(tx, { kind: 'deposit', ref, account: sender, amount, note: txHash })
  if (!isNew) return false
  await sql`
    insert into deposits
      (chain_id, tx_hash, log_index, block_number, block_hash, token, sender, raw_amount, account, amount)
    values (${chainId}, ${txHash}, ${logIndex}, ${deposit.blockNumber}, ${deposit.blockHash}, ${deposit.token}, ${sender},
      ${amount}::numeric, ${sender}, ${amount}::bigint)`.execute(tx)
  const details = {
    amount,
    chain_id: chainId,
    transaction: txHash,
    log_index: logIndex,
    block_number: String(deposit.blockNumber),
  }
  await appendAudit(tx, { actor: GATEWAY, action: 'deposit.credited', subject: sender, details })
  return true
}

const GATEWAY = { id: 'gateway', via: 'gateway' } as const

/**
 * A payment by x402 may go to the treasury too, and is credited once: to whom it was made for. One that nobody has heard the end
 * of has ended well, as it is here.
 */
async function isPayment(tx: Kysely<Tables>, { treasury }: DepositPlace, deposit: Deposit): Promise<boolean> {
  const { chainId, token, txHash, sender, amount, nonce = '' } = deposit
  const { rows } = await sql<{ asset: string; network: string; state: string; is_open: boolean }>`
    select asset, network, state, state = 'pending' and not exists (
        select from x402_payments other where other.network = payment.network and other.tx_hash = ${txHash}
      ) as is_open
    from x402_payments payment
    where network = ${`eip155:${chainId}`} and lower(asset) = ${token} and payer = ${sender} and nonce = ${nonce}
      and pay_to = ${treasury} and raw_amount = ${amount}::numeric
    for update of payment`.execute(tx)
  const [payment] = rows
  if (payment === undefined) return isPaidByX402(tx, { chainId, txHash, sender, rawAmount: amount })
  if (payment.is_open) {
    const { network, asset } = payment
    await creditPayment(tx, { payment: { network, asset, payer: sender, nonce }, txHash, actor: GATEWAY })
    return true
  }
  return payment.state === 'settled'
}
