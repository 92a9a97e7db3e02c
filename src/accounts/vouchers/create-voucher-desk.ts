import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Actor } from '../actor.ts'
import { type Redeemed, redeemVoucher } from './redeem-voucher.ts'

/** What callers do with vouchers. Rejects with a 503 GatewayError while Postgres cannot be reached. */
export type VoucherDesk = {
  redeem(redemption: { code: string; account: string }, actor: Actor): Promise<Redeemed>
}

export function createVoucherDesk({ db }: Pick<Database, 'db'>): VoucherDesk {
  return withStoreErrors({
    redeem: (redemption, actor) => redeemVoucher(db, redemption, actor),
  } satisfies VoucherDesk)
}
