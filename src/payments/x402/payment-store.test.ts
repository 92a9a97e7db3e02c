import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { openAccount } from '../../accounts/ledger/open-account.ts'
import type { Database } from '../../db/database.ts'
import { claimOpenPayment, claimPayment, creditPayment, failPayment, type NewPayment } from './payment-store.ts'

const ACCOUNT = 'acct_0000000000000001'
const TX = `0x${'ee'.repeat(32)}`
const ACTOR = { id: 'gateway', via: 'gateway' } as const

const toPayment = (nonce: number): NewPayment => ({
  ...{ network: 'eip155:8453', asset: '0xusdc', payer: '0xpayer', nonce: `0x${nonce}`, payTo: '0xpayee' },
  ...{ amount: 5n, account: ACCOUNT },
  payload: { x402Version: 2, payload: { authorization: { validBefore: '9999999999' } } } as never,
})
const PAYMENT = toPayment(1)

async function storeWith(...payments: readonly NewPayment[]): Promise<Database> {
  const database = await testDatabase()
  await openAccount(database.db, { id: ACCOUNT, kind: 'account' })
  for (const payment of payments) await claimPayment(database.db, payment, undefined)
  return database
}

const EIGHT = Array.from({ length: 8 })

test('a payment is claimed by one of many at once', async () => {
  const { db } = await storeWith()
  const claims = await Promise.all(EIGHT.map(() => claimPayment(db, PAYMENT, undefined)))
  expect(claims.filter(Boolean)).toHaveLength(1)
})

test('a payment is credited by one of many at once, and audited once', async () => {
  const { db } = await storeWith(PAYMENT)
  const credits = await Promise.all(EIGHT.map(() => creditPayment(db, { payment: PAYMENT, txHash: TX, actor: ACTOR })))
  expect(credits.filter((credit) => credit !== undefined)).toEqual([{ account: ACCOUNT, amount: 5n }])
  const { rows } = await sql`
    select (select count(*) from audit_log) as audits, (select count(*) from ledger_transfers) as transfers,
      (select balance::text from accounts) as balance`.execute(db)
  expect(rows).toEqual([{ audits: 1, transfers: 1, balance: '5' }])
})

test('what has failed is not credited, and what is credited does not fail', async () => {
  const { db } = await storeWith(PAYMENT, toPayment(2))
  expect(await failPayment(db, PAYMENT, 'refused')).toBe(true)
  expect(await creditPayment(db, { payment: PAYMENT, txHash: TX, actor: ACTOR })).toBeUndefined()
  expect(await creditPayment(db, { payment: toPayment(2), txHash: TX, actor: ACTOR })).toBeDefined()
  expect(await failPayment(db, toPayment(2), 'refused')).toBe(false)
})

test('an open payment is given to one at a time, and only when nobody is at work on it', async () => {
  const { db } = await storeWith(PAYMENT, toPayment(2))
  expect(await claimOpenPayment(db)).toBeUndefined()
  await sql`update x402_payments set try_at = clock_timestamp()`.execute(db)
  const claims = await Promise.all([claimOpenPayment(db), claimOpenPayment(db)])
  expect(claims.map((claim) => claim?.nonce).toSorted()).toEqual(['0x1', '0x2'])
  expect(await claimOpenPayment(db)).toBeUndefined()
})
