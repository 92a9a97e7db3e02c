import { sql } from 'kysely'
import type { Balance } from '../ledger.ts'
import type { LedgerDb } from './ledger-db.ts'

/** Undefined where there is no such account. */
export async function readBalance(db: LedgerDb, account: string): Promise<Balance | undefined> {
  const { rows } = await sql<{ balance: string; held: string }>`
    select balance::text, held::text from accounts where id = ${account}`.execute(db)
  const [row] = rows
  if (row === undefined) return undefined
  const balance = BigInt(row.balance)
  const held = BigInt(row.held)
  return { account, balance, held, available: balance - held }
}
