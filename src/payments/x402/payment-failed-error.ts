import { GatewayError } from '../../errors.ts'

/** 402 `payment_failed`: nothing was taken from the payer. `reason` is x402's word for it: `insufficient_funds`. */
export class PaymentFailedError extends GatewayError {
  readonly reason: string
  /** What was to be paid, in micro-credits: it may be offered again. */
  readonly amount: bigint

  constructor({ reason, amount }: { reason: string; amount: bigint }) {
    super(
      `The payment was not accepted: ${reason}. Nothing was taken; sign a new one from what PAYMENT-REQUIRED offers.`,
      {
        status: 402,
        code: 'payment_failed',
        type: 'insufficient_quota',
        details: { reason },
      },
    )
    this.reason = reason
    this.amount = amount
  }
}
