import { encodePaymentRequiredHeader } from '@x402/core/http'
import type { Logger } from 'pino'
import type { Actor } from '../../accounts/actor.ts'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import { concludePayment } from './conclude-payment.ts'
import { createFacilitator } from './facilitator.ts'
import type { FindTransfer } from './find-transfer.ts'
import { claimOpenPayment } from './payment-store.ts'
import { type PaymentReceipt, type TakeDeps, type TakeOrder, takePayment } from './take-payment.ts'
import { type PaymentTerms, toOffered } from './tender.ts'
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
  /** The value of PAYMENT-REQUIRED. Where it would cost more to settle than is paid, more is offered. */
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
  settings: { facilitatorUrl: url, network, payTo },
  database: { db },
  publicUrl,
  log,
  findTransfer,
  verifyTimeoutMs = 10_000,
  settleTimeoutMs = 30_000,
}: X402DeskDeps): Promise<X402Desk> {
  const terms: PaymentTerms = { network, payTo, usdc: await usdcOf(network) }
  const facilitator = createFacilitator({ url, verifyTimeoutMs, settleTimeoutMs })
  const deps: TakeDeps = { db, facilitator, findTransfer, log, terms }
  return {
    offer: ({ amount, path, description, error }) =>
      encodePaymentRequiredHeader({
        x402Version: 2,
        ...(error !== undefined && { error }),
        resource: { url: `${publicUrl}${path}`, description, mimeType: 'application/json' },
        accepts: [toOffered(terms, amount)],
      }),
    ...withStoreErrors({
      take: (header: string, order: TakeOrder) => takePayment(deps, header, order),
      async reconcile() {
        const counts = { settled: 0, failed: 0, open: 0 }
        for (let round = 0; round < ROUNDS; round++) {
          const payment = await claimOpenPayment(db)
          if (payment === undefined) break
          const { payload } = payment
          const order = { paymentPayload: payload, paymentRequirements: payload.accepted }
          const conclusion = await concludePayment(deps, { payment, order, isRetry: true, actor: GATEWAY })
          counts[conclusion.type]++
        }
        return counts
      },
    }),
  }
}

/** Each may take as long as a facilitator does. */
const ROUNDS = 20
const GATEWAY: Actor = { id: 'gateway', via: 'gateway' }
