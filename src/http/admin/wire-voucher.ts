import { toCreditText } from '../../accounts/credits.ts'
import type { Voucher } from '../../accounts/vouchers/voucher.ts'
import { toSeconds } from '../../to-seconds.ts'

/** A voucher as operators see it; its code is none of it. */
export type WireVoucher = {
  id: string
  object: 'voucher'
  /** The beginning of its code. */
  hint: string
  /** For each account that takes it. */
  amount: string
  max_uses: number
  uses: number
  note: string | null
  created_by: string
  created_at: number
  expires_at: number | null
  revoked_at: number | null
}

export function toWireVoucher(voucher: Voucher): WireVoucher {
  const { id, hint, amount, maxUses, uses, note, createdBy, createdAtMs, expiresAtMs, revokedAtMs } = voucher
  return {
    id,
    object: 'voucher',
    hint,
    amount: toCreditText(amount),
    max_uses: maxUses,
    uses,
    note,
    created_by: createdBy,
    created_at: toSeconds(createdAtMs),
    expires_at: toSeconds(expiresAtMs),
    revoked_at: toSeconds(revokedAtMs),
  }
}

/** The one answer that has the code. */
export function toWireNewVoucher({
  voucher,
  code,
}: {
  voucher: Voucher
  code: string
}): WireVoucher & { code: string } {
  return { ...toWireVoucher(voucher), code }
}
