import type { Request, Response } from 'express'
import type { InsufficientCreditsError } from '../../accounts/insufficient-credits-error.ts'
import { PaymentFailedError } from '../../payments/x402/payment-failed-error.ts'
import type { PaymentReceipt } from '../../payments/x402/take-payment.ts'
import type { X402Desk } from '../../payments/x402/x402-desk.ts'
import { offerPayment } from './offer-payment.ts'

/** Paying for a request with the request itself: x402 v2. */
export type RequestPayments = {
  /**
   * Credits what the request pays, before its run holds credits. Undefined where it pays nothing, or nobody takes it.
   * @param account - to be credited; undefined where the request names no caller, and whoever pays is its caller.
   */
  take(req: Request, res: Response, account: string | undefined): Promise<PaymentReceipt | undefined>
  /** Tells who has not enough credits how to pay for the rest. */
  offer(req: Request, res: Response, missing: Pick<InsufficientCreditsError, 'needed' | 'available'>): void
}

export type RequestPaymentsDeps = {
  /** Undefined: the gateway takes no payments. */
  desk: Pick<X402Desk, 'offer' | 'take'> | undefined
  /** Whether who names no caller may pay. */
  anonymous: boolean
}

export function createRequestPayments({ desk, anonymous }: RequestPaymentsDeps): RequestPayments {
  return {
    async take(req, res, account) {
      const header = req.get('payment-signature')
      if (desk === undefined || header === undefined || (account === undefined && !anonymous)) return undefined
      try {
        const receipt = await desk.take(header, {
          account,
          wallet: account === undefined ? req.get('x-wallet-address')?.toLowerCase() : undefined,
          actor: { id: account, via: 'api', ip: req.ip, requestId: res.locals.requestId },
        })
        res.setHeader('payment-response', receipt.header)
        return receipt
      } catch (error) {
        if (error instanceof PaymentFailedError) {
          offerPayment(req, res, { desk, description, amount: error.amount, reason: error.reason })
        }
        throw error
      }
    },
    offer(req, res, { needed, available }) {
      if (desk !== undefined) offerPayment(req, res, { desk, description, amount: needed - available })
    },
  }
}

const description = 'Credits for this request. What it does not use stays in the account.'
