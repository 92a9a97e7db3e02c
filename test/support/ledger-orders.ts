import { sql } from 'kysely'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import type { HoldOrder, Ledger, RunDone } from '../../src/accounts/ledger.ts'
import type { Terms } from '../../src/accounts/price.ts'
import type { Database } from '../../src/db/database.ts'
import { testDatabase } from './database.ts'

export const ANN = `0x${'a'.repeat(40)}`
export const BOB = `0x${'b'.repeat(40)}`

/** A micro-credit a token, and a tool that costs 5. */
export const TERMS: Terms = {
  rates: { promptPerMillion: 1_000_000n, completionPerMillion: 1_000_000n },
  toolPrices: { transaction_count: 5n },
}

let runs = 0

/** 100 micro-credits of Ann's, unless told otherwise. */
export function holdOrder(order: Partial<HoldOrder> = {}): HoldOrder {
  runs++
  return {
    runId: `run_${String(runs).padStart(24, '0')}`,
    payers: [ANN],
    amount: 100n,
    caller: ANN,
    model: 'operator',
    terms: TERMS,
    ceilings: [],
    ttlMs: 600_000,
    ...order,
  }
}

/** 10 tokens in, 20 out: 30 micro-credits at {@link TERMS}. */
export function runDone(done: Partial<RunDone> = {}): RunDone {
  return {
    usage: { promptTokens: 10, completionTokens: 20 },
    tools: {},
    steps: 1,
    outcome: 'completed',
    isEstimated: false,
    ...done,
  }
}

export type FundedLedger = { ledger: Ledger; database: Database }

/** Two hundred who wait in line for a connection are all to be answered, however busy the machine is. */
const PATIENCE_MS = 50_000

/** A ledger on a database of its own. @param balances - micro-credits granted, by account. */
export async function fundedLedger(
  balances: Readonly<Record<string, bigint>> = { [ANN]: 1_000n },
): Promise<FundedLedger> {
  const database = await testDatabase()
  database.pool.options.connectionTimeoutMillis = PATIENCE_MS
  const ledger = createLedger({ database })
  for (const [account, amount] of Object.entries(balances)) {
    await ledger.openAccount({ id: account, kind: account.startsWith('org_') ? 'org' : 'wallet' })
    if (amount > 0n) await ledger.topUp({ kind: 'grant', ref: `start ${account}`, account, amount })
  }
  return { ledger, database }
}

/** What was posted for an account, the latest first. */
export async function entriesOf({ database: { db } }: Pick<FundedLedger, 'database'>, account: string) {
  const { rows } = await sql<{ kind: string; ref: string; amount: string; balance: string }>`
    select kind, ref, amount::text, balance::text from ledger_entries where account = ${account} order by at desc`.execute(
    db,
  )
  return rows
}
