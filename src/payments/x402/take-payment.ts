import { encodePaymentResponseHeader } from '@x402/core/http'
import { getAddress } from 'viem/utils'
import type { Actor } from '../../accounts/actor.ts'
import { openAccount } from '../../accounts/ledger/open-account.ts'
import { type ConcludeDeps, concludePayment } from './conclude-payment.ts'
import { alreadyUsed, facilitatorUnavailable, inProgress, unconfirmed } from './payment-errors.ts'
import { claimPayment, findPayment, type KnownPayment } from './payment-store.ts'
import { toPayload } from './read-payment.ts'
import { type PaymentTerms, readTender, type Tender, type TenderOrder } from './tender.ts'

export type TakeOrder = TenderOrder & {
  /**
   * To be credited. Undefined: that of the payer. Then the payment is also what the payer is known by, which is true of its
   * first use alone: once settled, anybody can read it on chain.
   */
  account: string | undefined
  /** By whom; the payer where nobody is known. */
  actor: Omit<Actor, 'id'> & { id?: string | undefined }
}

export type PaymentReceipt = {
  account: string
  /** In lower case. */
  payer: string
  amount: bigint
  txHash: string
  /** False: it was credited before. */
  isNew: boolean
  /** The value of PAYMENT-RESPONSE. */
  header: string
}

export type TakeDeps = ConcludeDeps & { terms: PaymentTerms }

/** @throws see {@link X402Desk.take}. */
export async function takePayment(deps: TakeDeps, header: string, order: TakeOrder): Promise<PaymentReceipt> {
  const { db, facilitator, terms } = deps
  const tender = readTender(terms, header, order)
  const { signed, key, payer, amount, requirements } = tender
  const owner = order.account ?? payer
  const isProof = order.account === undefined
  const find = () => findPayment(db, key, signed.authorization)

  /** Undefined where it is still to be settled. */
  const toldBefore = (known: KnownPayment | undefined): PaymentReceipt | undefined => {
    if (known !== undefined && (known.account !== owner || (isProof && known.state === 'settled'))) throw alreadyUsed()
    return known?.txHash ? toReceipt(tender, { account: owner, txHash: known.txHash, isNew: false }) : undefined
  }
  /** Another request may have settled it meanwhile: to sign a new payment would be to pay twice. */
  const toldMeanwhile = async () => {
    const { known } = await find()
    if (known?.state === 'pending') throw inProgress()
    return toldBefore(known)
  }

  const { known, validity } = await find()
  const before = toldBefore(known)
  if (before !== undefined) return before
  const isRetry = known?.state === 'pending'
  const payload = toPayload(signed, requirements)
  const settling = { paymentPayload: payload, paymentRequirements: requirements }
  if (!isRetry) {
    if (validity !== 'valid') throw tender.refused(NOT_VALID[validity])
    // Before it is written down, so that who has nothing to pay with leaves nothing here.
    const verdict = await facilitator.verify(settling)
    if (verdict.type === 'refused') {
      const meanwhile = await toldMeanwhile()
      if (meanwhile !== undefined) return meanwhile
      throw tender.refused(verdict.reason)
    }
    if (verdict.type === 'silent') throw facilitatorUnavailable()
  }

  if (isProof) await openAccount(db, { id: payer, kind: 'wallet' })
  const payment = { ...key, payTo: terms.payTo, amount, account: owner, payload }
  if (!(await claimPayment(db, payment, known?.state))) {
    const meanwhile = await toldMeanwhile()
    if (meanwhile !== undefined) return meanwhile
    throw inProgress()
  }
  const conclusion = await concludePayment(deps, {
    payment: { ...payment, isOver: false },
    order: settling,
    isRetry,
    actor: { ...order.actor, id: order.actor.id ?? owner },
  })
  if (conclusion.type === 'failed') throw tender.refused(conclusion.reason)
  if (conclusion.type === 'open') throw unconfirmed()
  if (isProof && isRetry) throw alreadyUsed() // it is known to others by now
  return toReceipt(tender, { account: owner, txHash: conclusion.txHash, isNew: true })
}

const NOT_VALID = {
  early: 'invalid_exact_evm_payload_authorization_valid_after',
  late: 'invalid_exact_evm_payload_authorization_valid_before',
} as const

function toReceipt(
  { requirements: { network }, payer, amount }: Tender,
  settled: Pick<PaymentReceipt, 'account' | 'txHash' | 'isNew'>,
): PaymentReceipt {
  const told = { success: true, transaction: settled.txHash, network, payer: getAddress(payer), amount: String(amount) }
  return { ...settled, payer, amount, header: encodePaymentResponseHeader(told) }
}
