import { sql } from 'kysely'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import { isVoucherId, toVoucher, VOUCHER_COLUMNS, type Voucher, type VoucherRow } from './voucher.ts'

/** `after` is the id of the last voucher of the page before. */
export type VoucherPage = { limit: number; after?: string | undefined }

/** The latest first; undefined where there is no voucher `after`. */
export async function listVouchers(
  db: LedgerDb,
  { limit, after }: VoucherPage,
): Promise<{ vouchers: readonly Voucher[]; hasMore: boolean } | undefined> {
  if (after !== undefined && !isVoucherId(after)) return undefined
  const last = sql`select created_at, id from vouchers where id = ${after}`
  const { rows } = await sql<VoucherRow>`
    select ${VOUCHER_COLUMNS} from vouchers
    where ${after === undefined ? sql`true` : sql`(created_at, id) < (${last})`}
    order by vouchers.created_at desc, vouchers.id desc limit ${limit + 1}`.execute(db)
  if (after !== undefined && rows.length === 0 && (await last.execute(db)).rows.length === 0) return undefined
  return { vouchers: rows.slice(0, limit).map(toVoucher), hasMore: rows.length > limit }
}
