import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Actor } from '../actor.ts'
import type { Page, Paged } from '../read-page.ts'
import { createVoucher, type NewVoucher } from './create-voucher.ts'
import { listVouchers } from './list-vouchers.ts'
import { type Redeemed, redeemVoucher } from './redeem-voucher.ts'
import { revokeVoucher } from './revoke-voucher.ts'
import type { Voucher } from './voucher.ts'

/** All reject with a 503 GatewayError while Postgres cannot be reached. */
export type Vouchers = {
  create(voucher: NewVoucher, actor: Actor): Promise<{ voucher: Voucher; code: string }>
  list(page: Page): Promise<Paged<Voucher> | undefined>
  revoke(id: string, actor: Actor): Promise<Voucher>
  redeem(redemption: { code: string; account: string }, actor: Actor): Promise<Redeemed>
}

export function createVouchers({ db }: Pick<Database, 'db'>): Vouchers {
  return withStoreErrors({
    create: (voucher, actor) => createVoucher(db, voucher, actor),
    list: (page) => listVouchers(db, page),
    revoke: (id, actor) => revokeVoucher(db, id, actor),
    redeem: (redemption, actor) => redeemVoucher(db, redemption, actor),
  } satisfies Vouchers)
}
