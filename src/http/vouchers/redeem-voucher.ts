import type { RequestHandler } from 'express'
import { z } from 'zod'
import { toCreditText } from '../../accounts/credits.ts'
import type { VoucherDesk } from '../../accounts/vouchers/create-voucher-desk.ts'
import { forbidden } from '../../errors.ts'
import { actorOf } from '../actor-of.ts'
import { requireAccount } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'

export type RedeemDeps = { vouchers: VoucherDesk }

/** `POST /v1/account/vouchers`: into the caller's account, or that of the org the request is for. */
export function redeemVoucher({ vouchers }: RedeemDeps): RequestHandler {
  return async (req, res) => {
    const { account: own, org } = requireAccount(res)
    const { code } = parseRequest(Redemption, req.body)
    if (org?.role === 'viewer') {
      throw forbidden('role_too_low', `You are a viewer of the org '${org.slug}': only its members may redeem for it.`)
    }
    const account = org?.id ?? own
    const { amount, balance } = await vouchers.redeem({ code, account }, actorOf(req, res))
    res.json({
      object: 'voucher.redemption',
      account,
      amount: toCreditText(amount),
      balance: toCreditText(balance),
    })
  }
}

export const Redemption = z.strictObject({
  code: z
    .string()
    .min(1)
    .max(100)
    .meta({ description: 'In any case, with or without its dashes.', example: 'gwv_7k3m9-x2qp4-n8vtc-5wh0d-j6rbz' }),
})
