import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { Redemption } from '../vouchers/redeem-voucher.ts'
import { errorReplies } from './error-replies.ts'
import { credits } from './numbers.ts'
import { json, PROVEN, parameters, plainReply, STORE_ERRORS } from './operation-parts.ts'

const VoucherRequest = Redemption.meta({ id: 'VoucherRequest' })

const VoucherRedemption = z
  .object({
    object: z.literal('voucher.redemption'),
    account: z.string().meta({ description: "The caller's, or that of the org the request is for." }),
    amount: credits,
    balance: credits.meta({ description: 'Of the account after it.' }),
  })
  .meta({ id: 'VoucherRedemption' })

const EXAMPLE = {
  object: 'voucher.redemption',
  account: '0xd8da6bf26964af9d7eed9e03e53415d37aa96045',
  amount: '5',
  balance: '6.25',
}

export const redeemVoucher: ZodOpenApiOperationObject = {
  operationId: 'redeemVoucher',
  tags: ['account'],
  security: PROVEN,
  summary: 'Redeem a voucher',
  description: 'Puts its credits into your account, or that of the org the request is for. Each account takes it once.',
  parameters: parameters('openai-organization', 'x-org-slug'),
  requestBody: { required: true, content: json(VoucherRequest) },
  responses: {
    200: plainReply('The credits are there.', json(VoucherRedemption, { redeemed: EXAMPLE })),
    ...STORE_ERRORS,
    ...errorReplies(409, 413, 415),
  },
}
