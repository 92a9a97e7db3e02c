import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { type Page, type Paged, readPage } from '../read-page.ts'
import { KEY_COLUMNS, type KeyRecord, type KeyRow, toKeyRecord } from './key-record.ts'

/** Only those of this account, of those bound to this org; both together where both are set. */
export type KeyPage = Page & { account?: string | undefined; orgId?: string | undefined }

/** The latest first, also those that count no more. Undefined where `after` is no key of the list. */
export function listKeys(
  db: Kysely<Tables>,
  { account, orgId, ...page }: KeyPage,
): Promise<Paged<KeyRecord> | undefined> {
  const listed = sql<KeyRow>`
    select ${KEY_COLUMNS}, created_at as at from api_keys
    where ${account === undefined ? sql`true` : sql`account = ${account}`}
      and ${orgId === undefined ? sql`true` : sql`org_id = ${orgId}`}`
  return readPage(db, { listed, toRow: toKeyRecord }, page)
}
