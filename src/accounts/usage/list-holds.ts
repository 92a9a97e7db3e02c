import { sql } from 'kysely'
import { toMs } from '../../db/to-ms.ts'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import type { Page, Paged } from '../read-page.ts'

/** Micro-credits that are held for a run that has not ended. */
export type BillHold = {
  runId: string
  amount: bigint
  caller: string
  keyId: string | null
  model: string
  createdAtMs: number
  /** When it is taken for lost. */
  deadlineMs: number
}

export type HoldFilter = {
  account: string
  /** Only for runs of this one. */
  caller?: string | undefined
}

/** The latest first; undefined where there is no hold `after`, which may have been closed meanwhile. */
export async function listHolds(
  db: LedgerDb,
  { account, caller }: HoldFilter,
  { limit, after }: Page,
): Promise<Paged<BillHold> | undefined> {
  const isListed = sql`account = ${account} and ${caller === undefined ? sql`true` : sql`caller = ${caller}`}`
  const last = sql`select created_at, run_id from holds where run_id = ${after} and ${isListed}`
  const { rows } = await sql<Omit<BillHold, 'amount'> & { amount: string }>`
    select run_id as "runId", amount::text, caller, key_id as "keyId", model, ${toMs('created_at')} as "createdAtMs",
      ${toMs('deadline')} as "deadlineMs"
    from holds
    where state = 'open' and ${isListed} and ${after === undefined ? sql`true` : sql`(created_at, run_id) < (${last})`}
    order by created_at desc, run_id desc limit ${limit + 1}`.execute(db)
  if (after !== undefined && rows.length === 0 && (await last.execute(db)).rows.length === 0) return undefined
  const holds = rows.slice(0, limit).map((row) => ({ ...row, amount: BigInt(row.amount) }))
  return { rows: holds, hasMore: rows.length > limit }
}
