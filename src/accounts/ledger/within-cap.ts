import { type RawBuilder, sql } from 'kysely'
import type { GatewayError } from '../../errors.ts'
import { atomically, type LedgerDb } from './ledger-db.ts'
import { lockAccount } from './lock-account.ts'

export type Cap = {
  most: number
  /** Rows of what there may be so many of. */
  rows: RawBuilder<unknown>
  tooMany(most: number): GatewayError
}

/**
 * Does `work`, after which an account has one more of something; where that is one too many, it is undone. For callers alone: an
 * operator makes as many as it likes.
 * @throws what `tooMany` returns.
 */
export function withinCap<Result>(
  db: LedgerDb,
  account: string,
  { most, rows, tooMany }: Cap,
  work: (tx: LedgerDb) => Promise<Result>,
): Promise<Result> {
  return atomically(db, async (tx) => {
    await lockAccount(tx, account)
    const result = await work(tx)
    const counted = await sql<{ isWithin: boolean }>`
      select count(*) <= ${most} as "isWithin" from (${rows}) as counted`.execute(tx)
    if (counted.rows[0]?.isWithin !== true) throw tooMany(most)
    return result
  })
}
