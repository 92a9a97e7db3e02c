import type { PaymentRequirements } from '@x402/core/types'
import { getAddress } from 'viem/utils'
import { walletMismatch } from './payment-errors.ts'
import { PaymentFailedError } from './payment-failed-error.ts'
import type { PaymentKey } from './payment-store.ts'
import { readPayment, type SignedPayment } from './read-payment.ts'
import type { Usdc } from './usdc-of.ts'

/** What payments are made in, and to whom. */
export type PaymentTerms = {
  network: `eip155:${number}`
  payTo: string
  usdc: Usdc
}

/** A payment that fits what is offered. Whether it can be settled is not known yet. */
export type Tender = {
  signed: SignedPayment
  key: PaymentKey
  /** In lower case, as in the key. */
  payer: string
  amount: bigint
  requirements: PaymentRequirements
  /** To be thrown where it is not taken. @param reason - x402's word for it. */
  refused(reason: string): PaymentFailedError
}

export type TenderOrder = {
  /** Whoever pays has to be this wallet, where one is named. In lower case. */
  wallet?: string | undefined
  /** Less is not taken. */
  minAmount?: bigint
}

/** @throws 400 `invalid_payment`; 403 `wallet_mismatch`; {@link PaymentFailedError} where it is not what is offered. */
export function readTender(terms: PaymentTerms, header: string, { wallet, minAmount = 0n }: TenderOrder): Tender {
  const { network, usdc } = terms
  const signed = readPayment(header)
  const { from: payer, value: amount, nonce } = signed.authorization
  if (wallet !== undefined && wallet !== payer) throw walletMismatch()
  const requirements = toRequirements(terms, amount)
  const refused = (reason: string) => new PaymentFailedError({ reason, amount: max(amount, minAmount) })
  const mismatch = findMismatch(signed, requirements, max(minAmount, LEAST_PAYMENT))
  if (mismatch !== undefined) throw refused(mismatch)
  return {
    signed,
    key: { network, asset: usdc.asset.toLowerCase(), payer, nonce },
    payer,
    amount,
    requirements,
    refused,
  }
}

/** What pays `amount`, or the least there is where that is less. */
export function toOffered(terms: PaymentTerms, amount: bigint): PaymentRequirements {
  return toRequirements(terms, max(amount, LEAST_PAYMENT))
}

function toRequirements({ network, payTo, usdc }: PaymentTerms, amount: bigint): PaymentRequirements {
  const { asset, name, version } = usdc
  return {
    ...{ scheme: 'exact', network, amount: String(amount), asset, payTo: getAddress(payTo) },
    maxTimeoutSeconds: 300,
    extra: { name, version },
  }
}

/** Where the choice of the payer is none of what was offered, or not what was signed: x402's word for it. */
function findMismatch(
  { accepted, authorization }: SignedPayment,
  offered: PaymentRequirements,
  minAmount: bigint,
): string | undefined {
  const { from, to, value } = authorization
  const payTo = offered.payTo.toLowerCase()
  if (accepted.scheme !== offered.scheme) return 'invalid_scheme'
  if (accepted.network !== offered.network) return 'invalid_network'
  if (accepted.asset !== offered.asset.toLowerCase()) return 'invalid_payment_requirements'
  if (accepted.payTo !== payTo || to !== payTo) return 'invalid_exact_evm_payload_recipient_mismatch'
  if (from === payTo) return 'invalid_payload'
  const isAmount = accepted.amount === value && value >= minAmount && value <= MOST_PAYMENT
  return isAmount ? undefined : 'invalid_exact_evm_payload_authorization_value'
}

/** A thousandth of a credit: below it, settling costs more than is paid. */
const LEAST_PAYMENT = 1_000n
/** Far below what a balance may hold. */
const MOST_PAYMENT = 10n ** 15n

const max = (a: bigint, b: bigint) => (a > b ? a : b)
