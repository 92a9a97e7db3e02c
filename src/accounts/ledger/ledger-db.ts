import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'

export type LedgerDb = Kysely<Tables>

/** Its accounts have no row: their balances are the sums of their entries. */
export const HOUSE = {
  charge: 'house:revenue',
  grant: 'house:grants',
  voucher: 'house:vouchers',
  x402: 'house:x402',
  deposit: 'house:deposits',
  correction: 'house:corrections',
} as const

/**
 * Does `work` in a transaction: the one that `db` is, or one of its own, which is tried again where others were in its way.
 * Everybody locks in one order (hold, account, counters), so that this is rare.
 */
export async function atomically<Result>(db: LedgerDb, work: (tx: LedgerDb) => Promise<Result>): Promise<Result> {
  if (db.isTransaction) return work(db)
  for (let tries = 1; ; tries++) {
    try {
      return await db.transaction().execute(async (tx) => {
        await sql`select set_config('idle_in_transaction_session_timeout', ${IDLE_MS}, true)`.execute(tx)
        return work(tx)
      })
    } catch (error) {
      if (tries === TRIES || !IN_THE_WAY.has(String((error as { code?: unknown }).code))) throw error
    }
  }
}

/** A process that stops in the middle must not keep an account locked for long. */
const IDLE_MS = '5000'
const TRIES = 4
/** Serialization failure, deadlock. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['40001', '40P01'])
