import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { type Expiry, toTimestamp } from '../expiry.ts'
import type { Scopes } from '../identity.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { lockKey } from './find-key.ts'
import { toKeyDetails } from './key-details.ts'
import { expiryPast, keyNotActive, keyNotFound } from './key-errors.ts'
import type { KeyReach } from './key-reach.ts'
import { KEY_COLUMNS, type KeyRecord, type KeyRow, toKeyRecord } from './key-record.ts'
import { toScopesJson } from './scopes-json.ts'

/** What is unset stays as it is. */
export type KeyChange = {
  name?: string | undefined
  /** Each by itself: null lifts it. */
  scopes?: ScopeChange | undefined
  expiry?: Expiry | undefined
}
export type ScopeChange = { [Name in keyof Scopes]: Scopes[Name] | null }

/** @throws {@link GatewayError} 404 `key_not_found`; 409 `key_not_active`; 400 for an expiry in the past. */
export function updateKey(
  db: Kysely<Tables>,
  { id, reach, change }: { id: string; reach: KeyReach; change: KeyChange },
  actor: Actor,
): Promise<KeyRecord> {
  return atomically(db, async (tx) => {
    const known = await lockKey(tx, id, reach)
    if (known === undefined) throw keyNotFound(id)
    if (known.state === 'revoked') throw keyNotActive('The key is revoked, and stays so.')
    if (known.replacedBy !== null) throw keyNotActive('The key has been replaced, and ends soon.')
    const { name = known.name, expiry } = change
    const scopes = changeScopes(known.scopes, change.scopes)
    const { rows } = await sql<KeyRow>`
      update api_keys set name = ${name}, scopes = ${toScopesJson(scopes)},
        expires_at = ${expiry === undefined ? sql`expires_at` : toTimestamp(expiry)}
      where id = ${id} returning ${KEY_COLUMNS}`.execute(tx)
    const [row] = rows
    if (row === undefined) throw keyNotFound(id)
    if (expiry !== undefined && row.state === 'expired') throw expiryPast()
    const key = toKeyRecord(row)
    const details = { from: toKeyDetails(known), to: toKeyDetails(key) }
    await appendAudit(tx, { actor, action: 'key.changed', subject: id, orgId: known.orgId ?? undefined, details })
    return key
  })
}

function changeScopes(scopes: Scopes, change: ScopeChange = {}): Scopes {
  const set = Object.entries(change).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    Object.entries({ ...scopes, ...Object.fromEntries(set) }).filter(([, value]) => value !== null),
  )
}
