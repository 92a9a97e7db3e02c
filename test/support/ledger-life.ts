import { sql } from 'kysely'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import type { Ledger } from '../../src/accounts/ledger.ts'
import type { Database } from '../../src/db/database.ts'
import type { RunOutcome } from '../../src/runs/run-record.ts'
import { createRunStore } from '../../src/runs/store/create-run-store.ts'
import { testDatabase } from './database.ts'
import { ANN, BOB, holdOrder, runDone } from './ledger-orders.ts'
import { completed, failed, newRun, newRunId } from './stored-runs.ts'

export type LivedLedger = {
  database: Database
  /** Run ids by what has become of the run. */
  runs: { paid: string; tools: string; released: string; expired: string; open: string; failed: string }
}

/** A store with something of everything that a ledger sees. */
export async function livedLedger(): Promise<LivedLedger> {
  const database = await testDatabase()
  const ledger = createLedger({ database })
  await fill(ledger)
  const runs = await run(ledger, database)
  await pay(ledger, database)
  return { database, runs }
}

async function fill(ledger: Ledger): Promise<void> {
  for (const id of [ANN, BOB]) await ledger.openAccount({ id, kind: 'wallet' })
  await ledger.topUp({ kind: 'grant', ref: 'g1', account: ANN, amount: 10_000n })
  await ledger.move({ kind: 'move', ref: 'm1', from: ANN, to: BOB, amount: 500n })
  await ledger.move({ kind: 'correction', ref: 'c1', from: BOB, to: 'house:corrections', amount: 50n })
}

async function run(ledger: Ledger, database: Database): Promise<LivedLedger['runs']> {
  const runs = { tools: newRunId(), released: newRunId(), expired: newRunId(), open: newRunId() }
  const ceiling = { subject: 'key:k', of: 'This key', period: 'day', unit: 'credits', limit: 10_000n } as const

  await ledger.hold(holdOrder({ runId: runs.tools, ceilings: [ceiling] }))
  await ledger.extend(runs.tools, 120n)
  const tools = { transaction_count: 2, free: 1 }
  await ledger.settle(runs.tools, runDone({ outcome: 'cancelled', tools, isEstimated: true }))

  await ledger.hold(holdOrder({ runId: runs.released }))
  await ledger.settle(runs.released, runDone({ outcome: 'failed', isUncharged: true }))

  await ledger.hold(holdOrder({ runId: runs.expired, ttlMs: -1 }))
  await ledger.closeLost()

  await ledger.hold(holdOrder({ runId: runs.open, ceilings: [ceiling, { ...ceiling, period: 'ever', unit: 'runs' }] }))

  const costly = newRunId() // more than it holds, and than Bob has
  await ledger.hold(holdOrder({ runId: costly, payers: [BOB], amount: 10n }))
  await ledger.settle(costly, runDone({ usage: { promptTokens: 0, completionTokens: 600 } }))

  const paid = await store(database, { ...completed(HOSTILE), usage: USAGE } as RunOutcome)
  return { ...runs, paid, failed: await store(database, failed(502)) }
}

const USAGE = { promptTokens: 30, completionTokens: 20, cachedTokens: 10 }
/** Letters that Postgres has no texts for. */
const HOSTILE = '\u0000 \ud800 "usage":{"promptTokens":1} \\u0000 \\\\ud800'

/** A run that is kept, and ends so. */
async function store(database: Database, outcome: RunOutcome): Promise<string> {
  const limits = { runsPerCaller: 8, pendingPerCaller: 100, queueLimit: 1_000, queueTimeoutMs: 60_000 }
  const runs = createRunStore({ database, limits, retentionMs: 60_000 })
  const id = newRunId()
  await runs.submit(newRun({ id, idempotencyKey: id, hold: holdOrder({ runId: id }) }))
  const claim = await runs.claim(id, 'worker')
  if (claim === undefined) throw new Error('the run cannot be claimed')
  await runs.finish(claim, outcome)
  return id
}

/** 70 by deposit, 80 by x402, 90 by a voucher. */
async function pay(ledger: Ledger, { db }: Database): Promise<void> {
  await ledger.topUp({ kind: 'deposit', ref: '8453:0xd1:3', account: ANN, amount: 70n })
  const block = { chain_id: 8453, block_number: 41, block_hash: '0xblock', token: '0xusdc' }
  await db
    .insertInto('deposits')
    .values({ ...block, tx_hash: '0xd1', log_index: 3, sender: ANN, raw_amount: 70n, account: ANN, amount: 70n })
    .execute()
  const cursor = { chain_id: 8453, token: '0xusdc', treasury: '0xtreasury', next_block: 42, last_hash: '0xlast' }
  await db.insertInto('deposit_cursors').values(cursor).execute()

  await ledger.topUp({ kind: 'x402', ref: 'eip155:8453:0xusdc:0xpayer:0x01', account: BOB, amount: 80n })
  const asset = { network: 'eip155:8453', asset: '0xusdc', pay_to: '0xpay' }
  const payment = { ...asset, payer: '0xpayer', raw_amount: 80n, account: BOB, try_at: sql<Date>`now()` }
  const ended = { tx_hash: '0xt1', ended_at: sql<Date>`now()` }
  await db
    .insertInto('x402_payments')
    .values([
      { ...payment, nonce: '0x01', state: 'settled', ...ended },
      { ...payment, nonce: '0x02', state: 'pending', payload: '{}' },
    ])
    .execute()

  await ledger.topUp({ kind: 'voucher', ref: `vch_1:${ANN}`, account: ANN, amount: 90n })
  const voucher = { id: 'vch_1', hash: 'h', hint: 'h', amount: 90n, max_uses: 5, uses: 1, created_by: 'admin' }
  await db.insertInto('vouchers').values(voucher).execute()
}
