import { sql } from 'kysely'
import { accountKind } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { openAccount } from '../ledger/open-account.ts'
import { topUp } from '../ledger/top-up.ts'
import { hashVoucherCode } from './voucher-code.ts'
import { voucherNotFound, voucherRefused } from './voucher-error.ts'

export type Redeemed = { voucherId: string; amount: bigint; balance: bigint }

/**
 * Puts a voucher's credits into an account: once for each account, and for as many as it is made for.
 * @throws GatewayError 404 `voucher_not_found`; 409 `voucher_used`, `voucher_expired` or `voucher_revoked`.
 */
export async function redeemVoucher(
  db: LedgerDb,
  { code, account }: { code: string; account: string },
  actor: Actor,
): Promise<Redeemed> {
  const hash = hashVoucherCode(code)
  if (hash === undefined) throw voucherNotFound()
  return atomically(db, async (tx) => {
    const { id: voucherId, amount } = await lockVoucher(tx, hash, account)
    await sql`update vouchers set uses = uses + 1 where id = ${voucherId}`.execute(tx)
    const kind = accountKind(account)
    if (kind !== undefined) await openAccount(tx, { id: account, kind })
    const { balance } = await topUp(tx, { kind: 'voucher', ref: toRef(voucherId, account), account, amount })
    await appendAudit(tx, {
      actor,
      action: 'voucher.redeemed',
      subject: account,
      orgId: kind === 'org' ? account : undefined,
      details: { voucher: voucherId, amount, balance },
    })
    return { voucherId, amount, balance }
  })
}

type Locked = {
  id: string
  amount: string
  isTaken: boolean
  isUsedUp: boolean
  isExpired: boolean
  isRevoked: boolean
}

/** Whoever comes meanwhile waits, and sees what this redemption has made of it. */
async function lockVoucher(tx: LedgerDb, hash: string, account: string): Promise<{ id: string; amount: bigint }> {
  await sql`select from vouchers where hash = ${hash} for update`.execute(tx)
  const { rows } = await sql<Locked>`
    select id, amount::text as amount, uses >= max_uses as "isUsedUp", revoked_at is not null as "isRevoked",
      coalesce(expires_at <= clock_timestamp(), false) as "isExpired",
      exists (select from ledger_transfers where kind = 'voucher' and ref = vouchers.id || ':' || ${account}) as "isTaken"
    from vouchers where hash = ${hash}`.execute(tx)
  const [voucher] = rows
  if (voucher === undefined) throw voucherNotFound()
  if (voucher.isTaken) throw voucherRefused('taken')
  if (voucher.isRevoked) throw voucherRefused('revoked')
  if (voucher.isExpired) throw voucherRefused('expired')
  if (voucher.isUsedUp) throw voucherRefused('used_up')
  return { id: voucher.id, amount: BigInt(voucher.amount) }
}

const toRef = (voucherId: string, account: string) => `${voucherId}:${account}`
