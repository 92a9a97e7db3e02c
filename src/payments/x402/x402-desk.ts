import { encodePaymentRequiredHeader, encodePaymentResponseHeader } from '@x402/core/http'
import type { PaymentRequirements } from '@x402/core/types'
import type { Logger } from 'pino'
import { getAddress } from 'viem/utils'
import type { Actor } from '../../accounts/actor.ts'
import { openAccount } from '../../accounts/ledger/open-account.ts'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import { conflict, forbidden, GatewayError } from '../../errors.ts'
import { type ConcludeDeps, concludePayment } from './conclude-payment.ts'
import { createFacilitator } from './facilitator.ts'
import type { FindTransfer } from './find-transfer.ts'
import { PaymentFailedError } from './payment-failed-error.ts'
import { claimOpenPayment, claimPayment, findPayment, type KnownPayment } from './payment-store.ts'
import { readPayment, type SignedPayment, toPayload } from './read-payment.ts'
import { usdcOf } from './usdc-of.ts'

/**
 * Takes payments by x402 v2 as credits: https://github.com/x402-foundation/x402. Amounts are micro-credits, which are units
 * of USDC. A payment is settled first and spent after: a stream has no header left to tell of it.
 *
 * The middleware of `@x402/express` is not used. It tells a facilitator to settle without having written down that it does,
 * and only warns where a hook that would credit the payment throws: a crash or a store that is away in between loses the
 * money. It also holds back a response until it has ended, and answers failures with bodies of its own.
 */
export type X402Desk = {
  /** The value of PAYMENT-REQUIRED. Below {@link LEAST_PAYMENT}, that is offered. */
  offer(offer: Offer): string
  /**
   * Settles what PAYMENT-SIGNATURE pays, and credits it. The same payment again is told again to the account it was
   * credited to, and never credited twice.
   * @throws 400 `invalid_payment`; {@link PaymentFailedError}; 403 `wallet_mismatch`; 409 `payment_in_progress` or
   * `payment_already_used`; 502 `facilitator_unavailable`, where nothing was taken; 502 `payment_unconfirmed`, where the
   * payment is credited once it turns out to have been made.
   */
  take(header: string, order: TakeOrder): Promise<PaymentReceipt>
  /** Asks again for payments whose outcome was not heard. Several processes may do it at once. */
  reconcile(): Promise<{ settled: number; failed: number; open: number }>
}

export type Offer = {
  amount: bigint
  /** What is paid for: `/v1/chat/completions`. */
  path: string
  description: string
  /** Why the payment that came was not taken. */
  error?: string | undefined
}

export type TakeOrder = {
  /**
   * To be credited. Undefined: that of the payer. Then the payment is also what the payer is known by, which is true of its
   * first use alone: once settled, anybody can read it on chain.
   */
  account: string | undefined
  /** Whoever pays has to be this wallet, where one is named. In lower case. */
  wallet?: string | undefined
  /** Less is not taken. */
  minAmount?: bigint
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

export type X402Settings = {
  facilitatorUrl: string
  network: `eip155:${number}`
  payTo: string
}

export type X402DeskDeps = {
  settings: X402Settings
  database: Pick<Database, 'db'>
  /** Without a slash at the end. */
  publicUrl: string
  log: Pick<Logger, 'warn' | 'error'>
  findTransfer?: FindTransfer | undefined
  verifyTimeoutMs?: number
  /** A transaction is waited for, on some chains for longer than a block of 12 seconds. */
  settleTimeoutMs?: number
}

/** @throws an Error for the operator where the network has no USDC that x402 knows. */
export async function createX402Desk({
  settings,
  database: { db },
  publicUrl,
  log,
  findTransfer,
  verifyTimeoutMs = 10_000,
  settleTimeoutMs = 30_000,
}: X402DeskDeps): Promise<X402Desk> {
  const { network } = settings
  const { asset, name, version } = await usdcOf(network)
  const toRequirements = (amount: bigint): PaymentRequirements => ({
    scheme: 'exact',
    network,
    amount: String(amount),
    asset,
    payTo: getAddress(settings.payTo),
    maxTimeoutSeconds: 300,
    extra: { name, version },
  })
  const facilitator = createFacilitator({ url: settings.facilitatorUrl, verifyTimeoutMs, settleTimeoutMs })
  const deps: ConcludeDeps = { db, facilitator, findTransfer, log }

  async function take(header: string, { account, wallet, minAmount, actor }: TakeOrder): Promise<PaymentReceipt> {
    const signed = readPayment(header)
    const { from: payer, value: amount, nonce } = signed.authorization
    if (wallet !== undefined && wallet !== payer) throw walletMismatch()
    const requirements = toRequirements(amount)
    const refuse = (reason: string) => new PaymentFailedError({ reason, amount: max(amount, minAmount ?? 0n) })
    const mismatch = findMismatch(signed, requirements, max(minAmount ?? 0n, LEAST_PAYMENT))
    if (mismatch !== undefined) throw refuse(mismatch)
    const owner = account ?? payer
    const key = { network, asset: asset.toLowerCase(), payer, nonce }
    const receipt = (txHash: string, isNew: boolean): PaymentReceipt => {
      const settled = { success: true, transaction: txHash, network, payer: getAddress(payer), amount: String(amount) }
      return { account: owner, payer, amount, txHash, isNew, header: encodePaymentResponseHeader(settled) }
    }
    /** Undefined where it is still to be settled. */
    const toldBefore = (known: KnownPayment | undefined): PaymentReceipt | undefined => {
      const isProof = account !== undefined || known?.state !== 'settled'
      if (known !== undefined && (known.account !== owner || !isProof)) throw alreadyUsed()
      return known?.txHash ? receipt(known.txHash, false) : undefined
    }

    const findAgain = async () => {
      const { known } = await findPayment(db, key, signed.authorization)
      if (known?.state === 'pending') throw inProgress()
      return toldBefore(known)
    }

    const { known, validity } = await findPayment(db, key, signed.authorization)
    const before = toldBefore(known)
    if (before !== undefined) return before
    const isRetry = known?.state === 'pending'
    const payload = toPayload(signed, requirements)
    const order = { paymentPayload: payload, paymentRequirements: requirements }
    if (!isRetry) {
      if (validity !== 'valid')
        throw refuse(`invalid_exact_evm_payload_authorization_valid_${validity === 'early' ? 'after' : 'before'}`)
      // Before it is written down, so that who has nothing to pay with leaves nothing here.
      const verdict = await facilitator.verify(order)
      if (verdict.type === 'refused') {
        // Another request may have settled it meanwhile: to sign a new payment would be to pay twice.
        const meanwhile = await findAgain()
        if (meanwhile !== undefined) return meanwhile
        throw refuse(verdict.reason)
      }
      if (verdict.type === 'silent') throw unavailable()
    }
    if (account === undefined) await openAccount(db, { id: payer, kind: 'wallet' })
    const payment = { ...key, payTo: settings.payTo, amount, account: owner, payload }
    if (!(await claimPayment(db, payment, known?.state))) {
      const meanwhile = await findAgain()
      if (meanwhile !== undefined) return meanwhile
      throw inProgress()
    }

    const conclusion = await concludePayment(deps, {
      payment: { ...payment, isOver: false },
      order,
      isRetry,
      actor: { ...actor, id: actor.id ?? owner },
    })
    if (conclusion.type === 'failed') throw refuse(conclusion.reason)
    if (conclusion.type === 'open') throw unconfirmed()
    if (account === undefined && isRetry) throw alreadyUsed() // it is known to others by now
    return receipt(conclusion.txHash, true)
  }

  async function reconcile() {
    const counts = { settled: 0, failed: 0, open: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      const payment = await claimOpenPayment(db)
      if (payment === undefined) break
      const { accepted } = payment.payload
      const order = { paymentPayload: payment.payload, paymentRequirements: accepted }
      const conclusion = await concludePayment(deps, { payment, order, isRetry: true, actor: GATEWAY })
      counts[conclusion.type]++
    }
    return counts
  }

  return {
    offer: ({ amount, path, description, error }) =>
      encodePaymentRequiredHeader({
        x402Version: 2,
        ...(error !== undefined && { error }),
        resource: { url: `${publicUrl}${path}`, description, mimeType: 'application/json' },
        accepts: [toRequirements(max(amount, LEAST_PAYMENT))],
      }),
    ...withStoreErrors({ take, reconcile }),
  }
}

/** A thousandth of a credit: below it, settling costs more than is paid. */
const LEAST_PAYMENT = 1_000n
/** Each may take as long as a facilitator does. */
const ROUNDS = 20
const GATEWAY: Actor = { id: 'gateway', via: 'gateway' }

const max = (a: bigint, b: bigint) => (a > b ? a : b)

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

/** Far below what a balance may hold. */
const MOST_PAYMENT = 10n ** 15n

function walletMismatch(): GatewayError {
  return forbidden('wallet_mismatch', "The wallet that pays is not that of 'x-wallet-address'. Nothing was taken.", {
    param: 'x-wallet-address',
  })
}

function alreadyUsed(): GatewayError {
  return conflict(
    'payment_already_used',
    'This payment was used before, and is credited. Sign in with the wallet that paid to spend it, or sign a new payment.',
  )
}

function inProgress(): GatewayError {
  return conflict(
    'payment_in_progress',
    'This payment is being settled. Send the same request again in a few seconds.',
    {
      retryAfterSec: 5,
    },
  )
}

function unavailable(): GatewayError {
  return new GatewayError(
    'Payments cannot be checked right now. Nothing was taken; the same payment can be sent again.',
    {
      status: 502,
      code: 'facilitator_unavailable',
      type: 'upstream_error',
      retryAfterSec: 10,
    },
  )
}

function unconfirmed(): GatewayError {
  return new GatewayError(
    'It is not known yet whether the payment was made. Do not sign another: send the same one again in a while. It is credited as soon as it is confirmed.',
    { status: 502, code: 'payment_unconfirmed', type: 'upstream_error', retryAfterSec: 10 },
  )
}
