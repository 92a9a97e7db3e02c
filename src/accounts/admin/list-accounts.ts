import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import type { AccountKind } from '../ledger.ts'
import { type Page, type Paged, readPage } from '../read-page.ts'

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

/** Only accounts of this kind, where it is set. */
export type AccountPage = Page & { kind?: AccountKind | undefined }

/** The latest first; undefined where there is no account `after`. */
export function listAccounts(
  db: Kysely<Tables>,
  { kind, ...page }: AccountPage,
): Promise<Paged<AccountRecord> | undefined> {
  const listed = sql<AccountRow>`
    select ${ACCOUNT_COLUMNS}, accounts.created_at as at from accounts left join orgs using (id)
    where ${kind === undefined ? sql`true` : sql`accounts.kind = ${kind}`}`
  return readPage(db, { listed, toRow: toAccountRecord }, page)
}

export async function findAccount(db: Kysely<Tables>, id: string): Promise<AccountRecord | undefined> {
  const { rows } = await sql<AccountRow>`
    select ${ACCOUNT_COLUMNS} from accounts left join orgs using (id) where accounts.id = ${id}`.execute(db)
  return rows[0] && toAccountRecord(rows[0])
}

type AccountRow = Omit<AccountRecord, 'balance' | 'held'> & { balance: string; held: string }

const ACCOUNT_COLUMNS: RawBuilder<AccountRow> = sql`
  accounts.id, accounts.kind, coalesce(orgs.name, accounts.name) as name, accounts.balance::text as balance,
  accounts.held::text as held, ${toMs('accounts.created_at')} as "createdAtMs"`

const toAccountRecord = (row: AccountRow): AccountRecord => ({
  ...row,
  balance: BigInt(row.balance),
  held: BigInt(row.held),
})
