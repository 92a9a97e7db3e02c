import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { isKeyId } from './find-key.ts'
import { KEY_COLUMNS, type KeyRecord, type KeyRow, toKeyRecord } from './key-record.ts'

export type KeyPage = {
  /** Only those of this account, of those bound to this org; both together where both are set. */
  account?: string | undefined
  orgId?: string | undefined
  limit: number
  /** Id of the last key of the page before. */
  after?: string | undefined
}

/** The latest first, also those that count no more. Undefined where `after` is no key of the list. */
export async function listKeys(
  db: Kysely<Tables>,
  { account, orgId, limit, after }: KeyPage,
): Promise<{ keys: readonly KeyRecord[]; hasMore: boolean } | undefined> {
  if (after !== undefined && !isKeyId(after)) return undefined
  const isListed = sql`
    ${account === undefined ? sql`true` : sql`account = ${account}`} and
    ${orgId === undefined ? sql`true` : sql`org_id = ${orgId}`}`
  const last = sql`select created_at, id from api_keys where id = ${after} and ${isListed}`
  const { rows } = await sql<KeyRow>`
    select ${KEY_COLUMNS} from api_keys
    where ${isListed} and ${after === undefined ? sql`true` : sql`(created_at, id) < (${last})`}
    order by created_at desc, id desc limit ${limit + 1}`.execute(db)
  if (after !== undefined && rows.length === 0 && (await last.execute(db)).rows.length === 0) return undefined
  return { keys: rows.slice(0, limit).map(toKeyRecord), hasMore: rows.length > limit }
}
