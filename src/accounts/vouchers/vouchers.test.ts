import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import type { Actor } from '../actor.ts'
import type { Page } from '../read-page.ts'
import { createVoucher, type NewVoucher } from './create-voucher.ts'
import { createVoucherDesk } from './create-voucher-desk.ts'
import { listVouchers } from './list-vouchers.ts'
import { revokeVoucher } from './revoke-voucher.ts'

const ADMIN: Actor = { id: 'admin', via: 'cli' }
const walletAt = (n: number) => `0x${n.toString(16).padStart(40, '0')}`
const actorOf = (account: string): Actor => ({ id: account, via: 'api', ip: '192.0.2.1' })

async function openVouchers() {
  const database = await testDatabase()
  const desk = createVoucherDesk(database)
  const { db } = database
  return {
    db,
    database,
    make: (voucher: Partial<NewVoucher> = {}) => createVoucher(db, { amount: 1_000_000n, ...voucher }, ADMIN),
    list: (page: Page) => listVouchers(db, page),
    revoke: (id: string) => revokeVoucher(db, id, ADMIN),
    redeem: (code: string, account = walletAt(1)) => desk.redeem({ code, account }, actorOf(account)),
    balances: async () => {
      const { rows } = await sql<{ sum: string; n: number }>`
        select coalesce(sum(balance), 0)::text as sum, count(*)::int as n from accounts where balance > 0`.execute(db)
      return { sum: BigInt(rows[0]?.sum ?? 0), accounts: rows[0]?.n }
    },
  }
}

test('a voucher fills the account of who has its code', async () => {
  const { list, make, redeem } = await openVouchers()
  const { voucher, code } = await make({ amount: 2_500_000n, note: 'for the meet-up' })
  expect(voucher).toEqual({
    id: expect.stringMatching(/^vch_[a-z0-9]{16}$/),
    hint: `${code.slice(0, 9)}…`,
    amount: 2_500_000n,
    maxUses: 1,
    uses: 0,
    note: 'for the meet-up',
    createdBy: 'admin',
    createdAtMs: expect.any(Number),
    expiresAtMs: null,
    revokedAtMs: null,
  })
  expect(await redeem(code)).toEqual({ voucherId: voucher.id, amount: 2_500_000n, balance: 2_500_000n })
  expect((await list({ limit: 10 }))?.rows).toEqual([{ ...voucher, uses: 1 }])
})

test('an account takes a voucher once, also where it tries many times at once', async () => {
  const { make, redeem, balances } = await openVouchers()
  const { code } = await make({ maxUses: 10 })
  const results = await Promise.allSettled(Array.from({ length: 12 }, () => redeem(code)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ status: 409, code: 'voucher_used' })
  }
  await expect(redeem(code)).rejects.toMatchObject({ message: 'This account has redeemed the voucher before.' })
  expect(await balances()).toEqual({ sum: 1_000_000n, accounts: 1 })
})

test('of 50 accounts that redeem a voucher for 7 at once, 7 get it', async () => {
  const { list, make, redeem, balances } = await openVouchers()
  const { code } = await make({ maxUses: 7 })
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => redeem(code, walletAt(n + 1))))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ status: 409, code: 'voucher_used' })
  }
  expect(await balances()).toEqual({ sum: 7_000_000n, accounts: 7 })
  expect((await list({ limit: 1 }))?.rows[0]).toMatchObject({ uses: 7, maxUses: 7 })
})

test('one that has expired, by the clock of the store, is refused', async () => {
  const { db, make, redeem } = await openVouchers()
  const { code, voucher } = await make({ expiry: { inSec: 3_600 }, maxUses: 3 })
  expect((voucher.expiresAtMs ?? 0) - voucher.createdAtMs).toBeGreaterThan(3_590_000)
  await redeem(code, walletAt(1))
  await sql`update vouchers set expires_at = clock_timestamp()`.execute(db)
  await expect(redeem(code, walletAt(2))).rejects.toMatchObject({ status: 409, code: 'voucher_expired' })
})

test('one that is revoked is refused, and what was taken stays', async () => {
  const { revoke, make, redeem, balances } = await openVouchers()
  const { code, voucher } = await make({ maxUses: 3 })
  await redeem(code, walletAt(1))
  const revoked = await revoke(voucher.id)
  expect(revoked).toMatchObject({ uses: 1, revokedAtMs: expect.any(Number) })
  expect(await revoke(voucher.id)).toEqual(revoked)
  await expect(redeem(code, walletAt(2))).rejects.toMatchObject({ status: 409, code: 'voucher_revoked' })
  expect(await balances()).toEqual({ sum: 1_000_000n, accounts: 1 })
})

test('a code that is none, and a voucher that is none, are not found', async () => {
  const { list, revoke, redeem } = await openVouchers()
  for (const code of ['', 'gwv_', 'gwv_00000-00000-00000-00000-00000', 'gwv_\u0000']) {
    await expect(redeem(code)).rejects.toMatchObject({ status: 404, code: 'voucher_not_found' })
  }
  for (const id of ['vch_0000000000000000', 'vch_\u0000']) {
    await expect(revoke(id)).rejects.toMatchObject({ status: 404, code: 'voucher_not_found' })
    expect(await list({ limit: 10, after: id })).toBeUndefined()
  }
})

test('a voucher for nothing, for nobody or for a time that has passed is not made', async () => {
  const { list, make } = await openVouchers()
  const wrong: [Partial<NewVoucher>, string][] = [
    [{ amount: 0n }, 'amount'],
    [{ amount: -1n }, 'amount'],
    [{ amount: 10n ** 30n }, 'amount'],
    [{ maxUses: 0 }, 'max_uses'],
    [{ maxUses: 1.5 }, 'max_uses'],
    [{ maxUses: 2 ** 40 }, 'max_uses'],
    [{ expiry: { atSec: Date.UTC(2020, 1) / 1000 } }, 'expires_at'],
    [{ expiry: { atSec: 1e27 } }, 'expires_at'],
    [{ expiry: { atSec: Number.NaN } }, 'expires_at'],
    [{ note: 'a'.repeat(501) }, 'note'],
    [{ note: 'a\0b' }, 'note'],
    [{ expiry: { inSec: 0 } }, 'expires_at'],
    [{ expiry: { inSec: -1 } }, 'expires_at'],
  ]
  for (const [voucher, param] of wrong) await expect(make(voucher)).rejects.toMatchObject({ status: 400, param })
  expect(await list({ limit: 1 })).toEqual({ rows: [], hasMore: false })
})

test('vouchers are listed by pages, the latest first', async () => {
  const { list, make } = await openVouchers()
  const ids: string[] = []
  for (let n = 0; n < 5; n++) ids.unshift((await make()).voucher.id)
  const first = await list({ limit: 3 })
  const second = await list({ limit: 3, after: ids[2] })
  expect(first?.rows.map(({ id }) => id)).toEqual(ids.slice(0, 3))
  expect(second?.rows.map(({ id }) => id)).toEqual(ids.slice(3))
  expect([first?.hasMore, second?.hasMore]).toEqual([true, false])
  expect(await list({ limit: 3, after: ids[4] })).toEqual({ rows: [], hasMore: false })
})

test('all of it is in the audit log, and the code nowhere', async () => {
  const { revoke, db, make, redeem } = await openVouchers()
  const { code, voucher } = await make({ amount: 1_500_000n, maxUses: 2 })
  await redeem(code)
  await revoke(voucher.id)
  await revoke(voucher.id)
  const audit = await db
    .selectFrom('audit_log')
    .select(['action', 'actor', 'subject', 'details'])
    .orderBy('at')
    .execute()
  expect(audit).toEqual([
    {
      action: 'voucher.created',
      actor: 'admin',
      subject: voucher.id,
      details: { amount: '1.5', max_uses: 2, expires_at: null, note: null },
    },
    {
      action: 'voucher.redeemed',
      actor: walletAt(1),
      subject: walletAt(1),
      details: { voucher: voucher.id, amount: '1.5', balance: '1.5' },
    },
    { action: 'voucher.revoked', actor: 'admin', subject: voucher.id, details: { uses: 1 } },
  ])
  const rows = JSON.stringify([
    audit,
    await db.selectFrom('vouchers').selectAll().execute(),
    await db.selectFrom('ledger_transfers').selectAll().execute(),
  ])
  expect(rows).not.toContain(code)
  expect(rows).not.toContain(code.replace(/^gwv_|-/g, ''))
})

test('what fails after the credits were posted leaves nothing behind', async () => {
  const { list, db, make, redeem, balances } = await openVouchers()
  const { code } = await make()
  await sql`alter table audit_log add constraint none check (action <> 'voucher.redeemed')`.execute(db)
  await expect(redeem(code)).rejects.toThrow(/none/)
  expect(await balances()).toEqual({ sum: 0n, accounts: 0 })
  expect((await list({ limit: 1 }))?.rows[0]).toMatchObject({ uses: 0 })
})

test('while the store is away nothing is redeemed: 503', async () => {
  const { database, make, redeem } = await openVouchers()
  const { code } = await make()
  await database.close()
  await expect(redeem(code)).rejects.toMatchObject({ status: 503, code: 'store_unavailable' })
})
