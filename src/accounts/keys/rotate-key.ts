import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { newId } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { atomically } from '../ledger/ledger-db.ts'
import type { KeyWithSecret } from './create-key.ts'
import { lockKey } from './find-key.ts'
import { keyNotActive, keyNotFound } from './key-errors.ts'
import type { KeyReach } from './key-reach.ts'
import { KEY_COLUMNS, type KeyRow, toKeyRecord } from './key-record.ts'
import { newKeySecret } from './key-secret.ts'

/** How long the old secret may go on, at most. */
export const MAX_GRACE_SEC = 86_400

export type Rotation = {
  id: string
  reach: KeyReach
  /** How long the old secret goes on; 0, the default, ends it at once. */
  graceSec?: number | undefined
}

/**
 * A new key that takes the place of the old one, with its name, scopes and expiry, and a new secret. What the old one has used of
 * its budgets and limits stays used.
 * @throws {@link GatewayError} 404 `key_not_found`; 409 `key_not_active`.
 */
export function rotateKey(
  db: Kysely<Tables>,
  { id, reach, graceSec = 0 }: Rotation,
  actor: Actor,
): Promise<KeyWithSecret> {
  return atomically(db, async (tx) => {
    const known = await lockKey(tx, id, reach)
    if (known === undefined) throw keyNotFound(id)
    if (known.replacedBy !== null) throw keyNotActive(`The key has been replaced by '${known.replacedBy}' already.`)
    if (known.state !== 'active') throw keyNotActive(`The key is ${known.state}.`)
    const { secret, hash, hint } = newKeySecret()
    const { rows } = await sql<KeyRow>`
      with replaced as (
        insert into api_keys (id, hash, hint, name, account, org_id, org_mode, scopes, created_by, expires_at, counts_as)
        select ${newId('key')}, ${hash}, ${hint}, name, account, org_id, org_mode, scopes, ${actor.id}, expires_at,
          coalesce(counts_as, id)
        from api_keys where id = ${id}
        returning *
      ), ended as (
        update api_keys set replaced_by = (select id from replaced), ${graceSec > 0 ? endAfter(graceSec) : END_NOW}
        where id = ${id}
      )
      select ${KEY_COLUMNS} from replaced`.execute(tx)
    const [row] = rows
    if (row === undefined) throw keyNotFound(id)
    const details = { replaced_by: row.id, grace_seconds: graceSec }
    await appendAudit(tx, { actor, action: 'key.rotated', subject: id, orgId: known.orgId ?? undefined, details })
    return { key: toKeyRecord(row), secret }
  })
}

const END_NOW = sql`revoked_at = clock_timestamp()`
/** `least` leaves null out: a key that never expires does now. */
const endAfter = (graceSec: number) =>
  sql`expires_at = least(expires_at, clock_timestamp() + ${graceSec}::float8 * interval '1 second')`
