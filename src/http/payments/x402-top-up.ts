import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { toCreditText } from '../../accounts/credits.ts'
import type { BillDesk } from '../../accounts/usage/create-bill-desk.ts'
import { GatewayError } from '../../errors.ts'
import { PaymentFailedError } from '../../payments/x402/payment-failed-error.ts'
import type { X402Desk } from '../../payments/x402/x402-desk.ts'
import { creditTextFrom } from '../account-fields.ts'
import { actorOf } from '../actor-of.ts'
import { requireAccount } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { offerPayment } from './offer-payment.ts'

export type X402TopUpDeps = {
  /** Undefined: the gateway takes no payments. */
  desk: Pick<X402Desk, 'offer' | 'take'> | undefined
  bill: Pick<BillDesk, 'balance'>
}

/** `POST /v1/account/topups/x402`: offers to take the amount, and credits the caller's account with what is paid. */
export function x402TopUp({ desk, bill }: X402TopUpDeps): RequestHandler {
  return async (req, res) => {
    const { account } = requireAccount(res)
    if (desk === undefined) throw notTaken()
    const { amount } = parseRequest(Body, req.body)
    const header = req.get('payment-signature')
    if (header === undefined) {
      offerPayment(req, res, { desk, amount, description })
      throw paymentRequired(amount)
    }
    const receipt = await take(req, res, { desk, header, account, minAmount: amount })
    res.setHeader('payment-response', receipt.header)
    const { balance = 0n } = (await bill.balance(account)) ?? {}
    res.json({
      object: 'account.topup',
      account,
      amount: toCreditText(receipt.amount),
      balance: toCreditText(balance),
      transaction: receipt.txHash,
    })
  }
}

async function take(
  req: Request,
  res: Response,
  {
    desk,
    header,
    ...order
  }: { desk: Pick<X402Desk, 'offer' | 'take'>; header: string; account: string; minAmount: bigint },
) {
  try {
    return await desk.take(header, { ...order, actor: actorOf(req, res) })
  } catch (error) {
    if (error instanceof PaymentFailedError) {
      offerPayment(req, res, { desk, description, amount: order.minAmount, reason: error.reason })
    }
    throw error
  }
}

const description = 'Credits for your account.'

const Body = z.strictObject({ amount: creditTextFrom(1_000n, 1_000_000_000_000n) })

function paymentRequired(amount: bigint): GatewayError {
  return new GatewayError(
    `Pay ${toCreditText(amount)} USDC as PAYMENT-REQUIRED says, and send the request again with PAYMENT-SIGNATURE.`,
    { status: 402, code: 'payment_required', type: 'insufficient_quota', details: { amount: toCreditText(amount) } },
  )
}

function notTaken(): GatewayError {
  return new GatewayError('This gateway takes no payments by x402. GET /v1/account tells how to top up.', {
    status: 404,
    code: 'payments_not_taken',
  })
}
