import { sql } from 'kysely'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { isVoucherId, toVoucher, VOUCHER_COLUMNS, type Voucher, type VoucherRow } from './voucher.ts'
import { voucherNotFound } from './voucher-error.ts'

/** Nobody takes it any more; what was taken stays. One that is revoked stays as it is. @throws 404 `voucher_not_found`. */
export async function revokeVoucher(db: LedgerDb, id: string, actor: Actor): Promise<Voucher> {
  if (!isVoucherId(id)) throw voucherNotFound()
  return atomically(db, async (tx) => {
    const { rows } = await sql<VoucherRow>`
      update vouchers set revoked_at = clock_timestamp() where id = ${id} and revoked_at is null
      returning ${VOUCHER_COLUMNS}`.execute(tx)
    const [revoked] = rows
    if (revoked !== undefined) {
      await appendAudit(tx, { actor, action: 'voucher.revoked', subject: id, details: { uses: revoked.uses } })
      return toVoucher(revoked)
    }
    const { rows: known } = await sql<VoucherRow>`select ${VOUCHER_COLUMNS} from vouchers where id = ${id}`.execute(tx)
    if (known[0] === undefined) throw voucherNotFound()
    return toVoucher(known[0])
  })
}
