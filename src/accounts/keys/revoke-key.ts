import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { lockKey } from './find-key.ts'
import { keyNotFound } from './key-errors.ts'
import type { KeyReach } from './key-reach.ts'
import { KEY_COLUMNS, type KeyRecord, type KeyRow, toKeyRecord } from './key-record.ts'

/** For good, and everywhere within seconds. A second time changes nothing. @throws 404 `key_not_found`. */
export function revokeKey(
  db: Kysely<Tables>,
  { id, reach }: { id: string; reach: KeyReach },
  actor: Actor,
): Promise<KeyRecord> {
  return atomically(db, async (tx) => {
    const known = await lockKey(tx, id, reach)
    if (known === undefined) throw keyNotFound(id)
    if (known.state === 'revoked') return known
    const { rows } = await sql<KeyRow>`
      update api_keys set revoked_at = clock_timestamp() where id = ${id} returning ${KEY_COLUMNS}`.execute(tx)
    const [row] = rows
    if (row === undefined) throw keyNotFound(id)
    await appendAudit(tx, { actor, action: 'key.revoked', subject: id, orgId: known.orgId ?? undefined })
    return toKeyRecord(row)
  })
}
