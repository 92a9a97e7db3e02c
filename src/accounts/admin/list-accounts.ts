import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { AccountKind } from '../ledger.ts'

/** An account as an operator sees it. Amounts are micro-credits. */
export type AccountRecord = {
  id: string
  kind: AccountKind
  /** Of an org that of the org. */
  name: string | null
  balance: bigint
  held: bigint
  createdAtMs: number
}

/** `after` is the id of the last account of the page before. */
export type AccountPage = { limit: number; after?: string | undefined; kind?: AccountKind | undefined }

/** The latest first; undefined where there is no account `after`. */
export async function listAccounts(
  db: Kysely<Tables>,
  { limit, after, kind }: AccountPage,
): Promise<{ accounts: readonly AccountRecord[]; hasMore: boolean } | undefined> {
  const last = sql`select created_at, id from accounts where id = ${after}`
  const { rows } = await sql<AccountRow>`
    select ${ACCOUNT_COLUMNS} from accounts left join orgs using (id)
    where ${after === undefined ? sql`true` : sql`(accounts.created_at, accounts.id) < (${last})`}
      and ${kind === undefined ? sql`true` : sql`accounts.kind = ${kind}`}
    order by accounts.created_at desc, accounts.id desc limit ${limit + 1}`.execute(db)
  if (after !== undefined && rows.length === 0 && (await last.execute(db)).rows.length === 0) return undefined
  return { accounts: rows.slice(0, limit).map(toAccountRecord), hasMore: rows.length > limit }
}

export async function findAccount(db: Kysely<Tables>, id: string): Promise<AccountRecord | undefined> {
  const { rows } = await sql<AccountRow>`
    select ${ACCOUNT_COLUMNS} from accounts left join orgs using (id) where accounts.id = ${id}`.execute(db)
  return rows[0] && toAccountRecord(rows[0])
}

type AccountRow = Omit<AccountRecord, 'balance' | 'held'> & { balance: string; held: string }

const ACCOUNT_COLUMNS: RawBuilder<AccountRow> = sql`
  accounts.id, accounts.kind, coalesce(orgs.name, accounts.name) as name, accounts.balance::text as balance,
  accounts.held::text as held, floor(extract(epoch from accounts.created_at) * 1000)::float8 as "createdAtMs"`

const toAccountRecord = (row: AccountRow): AccountRecord => ({
  ...row,
  balance: BigInt(row.balance),
  held: BigInt(row.held),
})
