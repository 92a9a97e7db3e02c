import { type RawBuilder, sql } from 'kysely'

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

export const isVoucherId = (text: string): boolean => /^vch_[a-z0-9]{16}$/.test(text)

export type VoucherRow = Omit<Voucher, 'amount'> & { amount: string }

export const toVoucher = (row: VoucherRow): Voucher => ({ ...row, amount: BigInt(row.amount) })

const toMs = (column: string) => sql`floor(extract(epoch from ${sql.ref(column)}) * 1000)::float8`

export const VOUCHER_COLUMNS: RawBuilder<VoucherRow> = sql`
  id, hint, amount::text as amount, max_uses as "maxUses", uses, note, created_by as "createdBy",
  ${toMs('created_at')} as "createdAtMs", ${toMs('expires_at')} as "expiresAtMs", ${toMs('revoked_at')} as "revokedAtMs"`
