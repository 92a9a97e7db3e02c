import { sql } from 'kysely'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import { type Page, type Paged, readPage } from '../read-page.ts'
import { toVoucher, VOUCHER_COLUMNS, type Voucher, type VoucherRow } from './voucher.ts'

/** The latest first; undefined where there is no voucher `after`. */
export function listVouchers(db: LedgerDb, page: Page): Promise<Paged<Voucher> | undefined> {
  const listed = sql<VoucherRow>`select ${VOUCHER_COLUMNS}, created_at as at from vouchers`
  return readPage(db, { listed, toRow: toVoucher }, page)
}
