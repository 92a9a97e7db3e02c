import type { PaymentPayload } from '@x402/core/types'
import { sql } from 'kysely'
import type { Actor } from '../../accounts/actor.ts'
import { appendAudit } from '../../accounts/audit/append-audit.ts'
import { atomically, type LedgerDb } from '../../accounts/ledger/ledger-db.ts'
import { topUp } from '../../accounts/ledger/top-up.ts'
import { lockTransaction } from '../lock-transaction.ts'

/** A token takes an authorization once for a payer and nonce. */
export type PaymentKey = { network: string; asset: string; payer: string; nonce: string }

export type NewPayment = PaymentKey & {
  payTo: string
  /** Units of USDC, each a micro-credit. */
  amount: bigint
  account: string
  payload: PaymentPayload
}

export type KnownPayment = { account: string; state: 'pending' | 'settled' | 'failed'; txHash: string | null }

export type OpenPayment = PaymentKey & {
  payTo: string
  amount: bigint
  account: string
  payload: PaymentPayload
  /** Its authorization has been void for a while, so that what has not been mined will not be. */
  isOver: boolean
}

/** What is known of a payment, and whether its authorization can be used by now and for long enough. */
export async function findPayment(
  db: LedgerDb,
  { network, asset, payer, nonce }: PaymentKey,
  { validAfter, validBefore }: { validAfter: bigint; validBefore: bigint },
): Promise<{ known: KnownPayment | undefined; validity: 'valid' | 'early' | 'late' }> {
  const { rows } = await sql<FoundRow>`
    with clock as (select extract(epoch from clock_timestamp()) as now_sec)
    select account, state, tx_hash as "txHash",
      case when now_sec < ${validAfter}::numeric then 'early'
        when now_sec + ${LEEWAY_SEC} < ${validBefore}::numeric and ${validBefore}::numeric < now_sec + ${LONGEST_SEC} then 'valid'
        else 'late' end as validity
    from clock left join x402_payments
      on network = ${network} and asset = ${asset} and payer = ${payer} and nonce = ${nonce}`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('the clock does not answer')
  const { account, state, txHash, validity } = row
  return { known: account === null || state === null ? undefined : { account, state, txHash }, validity }
}

/**
 * Writes down that a payment is going to be settled, before anybody is asked to: what becomes of the money from then on is
 * not forgotten. One that has failed may be tried again, and one that nobody is at work on, by the account that came first.
 * The latter only as it was signed then: it is not verified again, and a stranger may have read its nonce on chain.
 * @returns false where it is not as it was found, or somebody is at work on it.
 */
export async function claimPayment(
  db: LedgerDb,
  payment: NewPayment,
  found: KnownPayment['state'] | undefined,
): Promise<boolean> {
  const { network, asset, payer, nonce, payTo, amount, account, payload } = payment
  const { rows } = await sql`
    insert into x402_payments as known
      (network, asset, payer, nonce, pay_to, raw_amount, account, state, payload, try_at)
    values (${network}, ${asset}, ${payer}, ${nonce}, ${payTo}, ${amount}::numeric, ${account}, 'pending',
      ${JSON.stringify(payload)}::json, clock_timestamp() + ${LEASE}::interval)
    on conflict (network, asset, payer, nonce) do update
    set state = 'pending', payload = excluded.payload, try_at = excluded.try_at, reason = null, ended_at = null
    where known.account = excluded.account and known.raw_amount = excluded.raw_amount and known.pay_to = excluded.pay_to
      and known.state = ${found ?? null}
      and (known.state = 'failed' or (
        known.state = 'pending' and known.try_at <= clock_timestamp() and known.payload::text = excluded.payload::text
      ))
    returning true`.execute(db)
  return rows.length > 0
}

/** A payment that nobody is at work on: it is ours then for a while. */
export async function claimOpenPayment(db: LedgerDb): Promise<OpenPayment | undefined> {
  const { rows } = await sql<OpenRow>`
    update x402_payments set try_at = clock_timestamp() + ${LEASE}::interval
    where (network, asset, payer, nonce) in (
      select network, asset, payer, nonce from x402_payments
      where state = 'pending' and try_at <= clock_timestamp()
      order by try_at limit 1 for update skip locked
    )
    returning network, asset, payer, nonce, pay_to, raw_amount::text as amount, account, payload::text as payload,
      extract(epoch from clock_timestamp()) >
        (payload #>> '{payload,authorization,validBefore}')::numeric + ${GRACE_SEC} as is_over`.execute(db)
  const [row] = rows
  if (row === undefined) return undefined
  const { pay_to: payTo, amount, payload, is_over: isOver, ...rest } = row
  return { ...rest, payTo, amount: BigInt(amount), payload: JSON.parse(payload) as PaymentPayload, isOver }
}

/**
 * Credits a payment that has been made, all in one transaction. Undefined where somebody has brought it to an end before.
 * @throws a unique violation of `once_per_transaction` where another payment was made by that transaction.
 */
export function creditPayment(
  db: LedgerDb,
  { payment, txHash, actor }: { payment: PaymentKey; txHash: string; actor: Actor },
): Promise<{ account: string; amount: bigint } | undefined> {
  const { network, asset, payer, nonce } = payment
  return atomically(db, async (tx) => {
    const chainId = Number(network.slice(NAMESPACE.length))
    await lockTransaction(tx, { chainId, txHash })
    const { rows } = await sql<{ account: string; amount: string; is_deposit: boolean }>`
      update x402_payments set state = 'settled', tx_hash = ${txHash}, payload = null, reason = null, ended_at = clock_timestamp()
      where network = ${network} and asset = ${asset} and payer = ${payer} and nonce = ${nonce} and state = 'pending'
      returning account, raw_amount::text as amount, exists (
        select from deposits where chain_id = ${chainId} and tx_hash = ${txHash}
          and sender = x402_payments.payer and raw_amount = x402_payments.raw_amount
      ) as is_deposit`.execute(tx)
    const [row] = rows
    if (row === undefined) return undefined
    const { account } = row
    const amount = BigInt(row.amount)
    // Where payments and deposits go to one address, the same transfer may have been found on chain first.
    if (!row.is_deposit) {
      await topUp(tx, { kind: 'x402', ref: [network, asset, payer, nonce].join(':'), account, amount, note: txHash })
    }
    const details = { amount, network, payer, nonce, transaction: txHash, is_deposit: row.is_deposit }
    await appendAudit(tx, { actor, action: 'x402.settled', subject: account, details })
    return { account, amount }
  })
}

/** Nothing was taken. False where somebody has brought it to an end before. */
export async function failPayment(db: LedgerDb, payment: PaymentKey, reason: string): Promise<boolean> {
  const { network, asset, payer, nonce } = payment
  const { rows } = await sql`
    update x402_payments set state = 'failed', payload = null, reason = ${reason}, ended_at = clock_timestamp()
    where network = ${network} and asset = ${asset} and payer = ${payer} and nonce = ${nonce} and state = 'pending'
    returning true`.execute(db)
  return rows.length > 0
}

export type Conclusion = { type: 'settled'; txHash: string } | { type: 'failed'; reason: string } | { type: 'open' }

/** What somebody else has made of it. */
export async function readConclusion(db: LedgerDb, payment: PaymentKey): Promise<Conclusion> {
  const { network, asset, payer, nonce } = payment
  const { rows } = await sql<{ state: KnownPayment['state']; txHash: string | null; reason: string | null }>`
    select state, tx_hash as "txHash", reason from x402_payments
    where network = ${network} and asset = ${asset} and payer = ${payer} and nonce = ${nonce}`.execute(db)
  const [row] = rows
  if (row?.txHash) return { type: 'settled', txHash: row.txHash }
  return row?.state === 'failed'
    ? { type: 'failed', reason: row.reason ?? 'unexpected_settle_error' }
    : { type: 'open' }
}

/** To be tried again: at first soon, later every ten minutes. False where somebody has brought it to an end. */
export async function postponePayment(db: LedgerDb, payment: PaymentKey, reason: string): Promise<boolean> {
  const { network, asset, payer, nonce } = payment
  const { rows } = await sql`
    update x402_payments set reason = ${reason},
      try_at = clock_timestamp() + least(greatest(clock_timestamp() - created_at, interval '2 s'), interval '10 min')
    where network = ${network} and asset = ${asset} and payer = ${payer} and nonce = ${nonce} and state = 'pending'
    returning true`.execute(db)
  return rows.length > 0
}

const NAMESPACE = 'eip155:'
/** Longer than a facilitator is waited for. */
const LEASE = '60 s'
/** A transaction has to be mined before the authorization is void. */
const LEEWAY_SEC = 6
/** What is valid for longer would stay open for as long. */
const LONGEST_SEC = 86_400
/** Until every node has the last block in which it could have been. */
const GRACE_SEC = 3_600

type FoundRow = {
  account: string | null
  state: KnownPayment['state'] | null
  txHash: string | null
  validity: 'valid' | 'early' | 'late'
}

type OpenRow = PaymentKey & {
  pay_to: string
  amount: string
  account: string
  payload: string
  is_over: boolean
}
