import { type RawBuilder, sql } from 'kysely'
import { toMs } from '../../db/to-ms.ts'
import { idPattern } from '../account-id.ts'

/** Credits that whoever has its code may take, each account once. Amounts are micro-credits, times Unix ms. */
export type Voucher = {
  id: string
  /** The beginning of its code. */
  hint: string
  amount: bigint
  /** Accounts that may take it. */
  maxUses: number
  uses: number
  note: string | null
  createdBy: string
  createdAtMs: number
  expiresAtMs: number | null
  revokedAtMs: number | null
}

const VOUCHER_ID = idPattern('vch')
export const isVoucherId = (text: string): boolean => VOUCHER_ID.test(text)

export type VoucherRow = Omit<Voucher, 'amount'> & { amount: string }

export const toVoucher = (row: VoucherRow): Voucher => ({ ...row, amount: BigInt(row.amount) })

export const VOUCHER_COLUMNS: RawBuilder<VoucherRow> = sql`
  id, hint, amount::text as amount, max_uses as "maxUses", uses, note, created_by as "createdBy",
  ${toMs('created_at')} as "createdAtMs", ${toMs('expires_at')} as "expiresAtMs", ${toMs('revoked_at')} as "revokedAtMs"`
