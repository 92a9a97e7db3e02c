import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi'
import { errorReplies } from './error-replies.ts'
import { credits } from './numbers.ts'
import { header, json, PROVEN, parameters, plainReply, STORE_ERRORS } from './operation-parts.ts'
import { ErrorReply } from './plain-reply-schemas.ts'

const X402TopUpRequest = z
  .object({ amount: credits.meta({ description: 'Credits, from 0.001 to 1000000: each costs one USDC.' }) })
  .meta({ id: 'X402TopUpRequest' })

const X402TopUp = z
  .object({
    object: z.literal('account.topup'),
    account: z.string().meta({ description: 'That was credited.' }),
    amount: credits,
    balance: credits.meta({ description: 'Of the account, now.' }),
    transaction: z.string().regex(/^0x[0-9a-f]{64}$/),
  })
  .meta({ id: 'X402TopUp' })

const unpaid: ZodOpenApiResponseObject = {
  description: 'It is to be paid first (`payment_required`), or the payment was not accepted (`payment_failed`).',
  headers: { 'x-request-id': header('x-request-id'), 'payment-required': header('payment-required') },
  content: json(ErrorReply, {
    first: {
      error: {
        message: 'Pay 5 USDC as PAYMENT-REQUIRED says, and send the request again with PAYMENT-SIGNATURE.',
        type: 'insufficient_quota',
        param: null,
        code: 'payment_required',
      },
      details: 'amount: 5',
    },
  }),
}

export const topUpByX402: ZodOpenApiOperationObject = {
  operationId: 'topUpByX402',
  tags: ['account'],
  security: PROVEN,
  summary: 'Top up by x402',
  description:
    'Without a payment, offers one in the header PAYMENT-REQUIRED. With one in PAYMENT-SIGNATURE, settles it and credits your account with what it pays. The same payment is never credited twice: where its outcome is not known (502 `payment_unconfirmed`), or it is being settled (409 `payment_in_progress`), send the same request again.',
  parameters: parameters('payment-signature'),
  requestBody: { required: true, content: json(X402TopUpRequest, { five: { amount: '5' } }) },
  responses: {
    200: {
      ...plainReply(
        'It is credited.',
        json(X402TopUp, {
          credited: {
            object: 'account.topup',
            account: '0xd8da6bf26964af9d7eed9e03e53415d37aa96045',
            amount: '5',
            balance: '12.5',
            transaction: '0x89c4e1f0b7f6a1a0d5ab4ec2ecd4c1cb1ad6c4f4e9b5a5b8ce0d3d3b2f9d1f6e',
          },
        }),
      ),
      headers: { 'x-request-id': header('x-request-id'), 'payment-response': header('payment-response') },
    },
    402: unpaid,
    ...STORE_ERRORS,
    ...errorReplies(409, 413, 415, 502),
  },
}
