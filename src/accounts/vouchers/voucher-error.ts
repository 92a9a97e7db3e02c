import { conflict, type GatewayError, notFound } from '../../errors.ts'

/** The same for what is no code at all. */
export const voucherNotFound = (): GatewayError =>
  notFound('voucher_not_found', 'There is no such voucher. Look at its code again.', { param: 'code' })

/** Why nobody, or not this account, may take a voucher any more. */
export function voucherRefused(why: keyof typeof REFUSALS): GatewayError {
  const { code, message } = REFUSALS[why]
  return conflict(code, message, { param: 'code' })
}

const REFUSALS = {
  taken: { code: 'voucher_used', message: 'This account has redeemed the voucher before.' },
  used_up: { code: 'voucher_used', message: 'The voucher has been redeemed as often as it may be.' },
  expired: { code: 'voucher_expired', message: 'The voucher has expired.' },
  revoked: { code: 'voucher_revoked', message: 'The voucher has been revoked.' },
} as const
