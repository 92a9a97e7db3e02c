import { sql } from 'kysely'
import type { Balance, EntryPage, OpenHold } from '../ledger.ts'
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

type EntryRow = { id: string; atMs: number; amount: string; balance: string } & Pick<
  EntryPage['entries'][number],
  'kind' | 'ref' | 'note'
>

/** Newest first. @param page.before - id of the last entry of the page before; one that is not there begins at the newest. */
export async function readEntries(
  db: LedgerDb,
  account: string,
  { limit, before }: { limit: number; before?: string | undefined },
): Promise<EntryPage> {
  const older =
    before === undefined
      ? sql`true`
      : sql`(at, transfer_id) < (select at, id from ledger_transfers where id = ${before}::uuid)`
  const { rows } = await sql<EntryRow>`
    select transfer_id as id, kind, ref, amount::text, balance::text, note,
      floor(extract(epoch from at) * 1000)::float8 as "atMs"
    from ledger_entries where account = ${account} and ${older}
    order by at desc, transfer_id desc limit ${limit + 1}`.execute(db)
  const entries = rows
    .slice(0, limit)
    .map((row) => ({ ...row, amount: BigInt(row.amount), balance: BigInt(row.balance) }))
  return { entries, hasMore: rows.length > limit }
}

/** Oldest first, at most 1,000. */
export async function readOpenHolds(db: LedgerDb, account: string): Promise<readonly OpenHold[]> {
  const { rows } = await sql<Omit<OpenHold, 'amount'> & { amount: string }>`
    select run_id as "runId", amount::text, model, floor(extract(epoch from created_at) * 1000)::float8 as "createdAtMs",
      floor(extract(epoch from deadline) * 1000)::float8 as "deadlineMs"
    from holds where account = ${account} and state = 'open' order by created_at limit 1000`.execute(db)
  return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }))
}
