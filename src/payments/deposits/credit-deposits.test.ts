import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Hex } from 'viem'
import { beforeEach, describe, expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { openAccount } from '../../accounts/ledger/open-account.ts'
import type { Database } from '../../db/database.ts'
import { creditDeposits } from './credit-deposits.ts'
import { beginCursor, type Cursor } from './cursor.ts'
import type { Deposit } from './deposit.ts'

const word = (): Hex => `0x${randomBytes(32).toString('hex')}`
const address = (): Hex => `0x${randomBytes(20).toString('hex')}`
const place = { chainId: 8453, token: address(), treasury: address() }
const payer = address()
const payee = `acct_${'a'.repeat(16)}`

let database: Database
let cursor: Cursor
beforeEach(async () => {
  database = await testDatabase()
  cursor = { nextBlock: 100n, lastHash: word() }
  await beginCursor(database.db, place, cursor)
  await openAccount(database.db, { id: payee, kind: 'account' })
})

test('a cursor that another process has moved credits nothing', async () => {
  const first = deposit()
  expect(await credit([first])).toEqual([first])
  expect(await creditDeposits(database.db, { ...place, from: cursor, to: next(), deposits: [deposit()] })).toBe(
    undefined,
  )
  expect(await balances()).toEqual({ [payer]: '5000000' })
})

test('a deposit that is found again is credited once', async () => {
  const found = deposit()
  expect(await credit([found])).toEqual([found])
  await move()
  expect(await credit([found])).toEqual([])
  expect(await balances()).toEqual({ [payer]: '5000000' })
})

test('parallel looks on several chains credit the same wallets without losing any', async () => {
  const senders = Array.from({ length: 5 }, address)
  const chainIds = [1, 10, 8453, 42_161]
  await Promise.all(
    chainIds.map(async (chainId) => {
      const from = { nextBlock: 1n, lastHash: word() }
      await beginCursor(database.db, { ...place, chainId, token: payer }, from)
      const deposits = senders.map((sender) => ({ ...deposit(), chainId, sender, token: payer }))
      await creditDeposits(database.db, { ...place, chainId, token: payer, from, to: next(), deposits })
    }),
  )
  expect(await balances()).toEqual(Object.fromEntries(senders.map((sender) => [sender, '20000000'])))
})

describe('a transfer that an x402 payment has made', () => {
  test('is no deposit where the payment was settled, whatever transaction was named', async () => {
    const paid = deposit({ nonce: word() })
    await payment(paid, { state: 'settled', txHash: word() })
    expect(await credit([paid])).toEqual([])
    const other = deposit()
    await payment({ ...other, nonce: word() }, { state: 'settled', txHash: other.txHash })
    await move()
    expect(await credit([other])).toEqual([])
    expect(await balances()).toEqual({})
  })

  test('settles a payment that nobody has heard the end of, to whom it was made for', async () => {
    const paid = deposit({ nonce: word() })
    await payment(paid, { state: 'pending' })
    expect(await credit([paid])).toEqual([])
    expect(await balances()).toEqual({ [payee]: '5000000' })
    const { rows } = await sql`select state, tx_hash from x402_payments`.execute(database.db)
    expect(rows).toEqual([{ state: 'settled', tx_hash: paid.txHash }])
  })

  test('is a deposit of the payer where the payment has failed, or was for another amount', async () => {
    const failed = deposit({ nonce: word() })
    await payment(failed, { state: 'failed' })
    const other = deposit({ nonce: word() })
    await payment({ ...other, amount: 7n }, { state: 'pending' })
    expect(await credit([failed, other])).toEqual([failed, other])
    expect(await balances()).toEqual({ [payer]: '10000000' })
  })

  test('is a deposit where its transaction has settled another payment, so that no money is lost', async () => {
    const [first, second] = [deposit({ nonce: word() }), deposit({ nonce: word() })]
    const both = [first, { ...second, txHash: first.txHash, logIndex: 9 }] as const
    for (const paid of both) await payment(paid, { state: 'pending' })
    await credit([...both])
    expect(await balances()).toEqual({ [payee]: '5000000', [payer]: '5000000' })
  })
})

function deposit(more: Partial<Deposit> = {}): Deposit {
  return {
    chainId: place.chainId,
    txHash: word(),
    logIndex: 3,
    blockNumber: 100n,
    blockHash: word(),
    token: place.token,
    sender: payer,
    amount: 5_000_000n,
    nonce: undefined,
    ...more,
  }
}

const next = (): Cursor => ({ nextBlock: cursor.nextBlock + 1n, lastHash: cursor.lastHash })

function credit(deposits: readonly Deposit[]) {
  return creditDeposits(database.db, { ...place, from: cursor, to: next(), deposits })
}

async function move(): Promise<void> {
  cursor = next()
}

async function payment(paid: Deposit, { state, txHash }: { state: string; txHash?: Hex }): Promise<void> {
  const payload = state === 'pending' ? '{}' : null
  await sql`
    insert into x402_payments (network, asset, payer, nonce, pay_to, raw_amount, account, state, payload, tx_hash, try_at)
    values (${`eip155:${paid.chainId}`}, ${paid.token}, ${paid.sender}, ${paid.nonce}, ${place.treasury}, ${paid.amount}::numeric,
      ${payee}, ${state}, ${payload}::json, ${txHash ?? null}, clock_timestamp())`.execute(database.db)
}

async function balances(): Promise<Record<string, string>> {
  const { rows } = await sql<{ id: string; balance: string }>`
    select id, balance::text from accounts where balance <> 0`.execute(database.db)
  return Object.fromEntries(rows.map(({ id, balance }) => [id, balance]))
}
