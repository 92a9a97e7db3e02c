import { type RawBuilder, sql } from 'kysely'
import { toMs } from '../../db/to-ms.ts'
import type { Scopes } from '../identity.ts'
import { parseScopesJson } from './scopes-json.ts'

/** All of an API key but its secret. Times are Unix milliseconds. */
export type KeyRecord = {
  id: string
  /** The start and the end of the secret. */
  hint: string
  name: string
  account: string
  /** Whom its runs are charged to; null: to the account. */
  orgId: string | null
  /** Whether the account pays where the org cannot. */
  orgMode: 'strict' | 'fallback'
  scopes: Scopes
  state: 'active' | 'expired' | 'revoked'
  createdBy: string
  createdAtMs: number
  expiresAtMs: number | null
  revokedAtMs: number | null
  /** The key that a rotation has put in its place. */
  replacedBy: string | null
  /** To the minute. */
  lastUsedAtMs: number | null
}

/** A row of {@link KEY_COLUMNS}. */
export type KeyRow = Omit<KeyRecord, 'scopes'> & { scopes: string }

/** Of `api_keys`, or of a CTE that returns its columns. */
export const KEY_COLUMNS: RawBuilder<KeyRow> = sql`
  id, hint, name, account, org_id as "orgId", org_mode as "orgMode", scopes::text as scopes, created_by as "createdBy",
  replaced_by as "replacedBy", ${toMs('created_at')} as "createdAtMs", ${toMs('expires_at')} as "expiresAtMs",
  ${toMs('revoked_at')} as "revokedAtMs", ${toMs('last_used_at')} as "lastUsedAtMs",
  case when revoked_at is not null then 'revoked' when expires_at <= clock_timestamp() then 'expired' else 'active' end as state`

export function toKeyRecord(row: KeyRow): KeyRecord {
  return { ...row, scopes: parseScopesJson(row.scopes) }
}
