import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { type KeyReach, toCondition } from './key-reach.ts'
import { KEY_COLUMNS, type KeyRecord, type KeyRow, toKeyRecord } from './key-record.ts'

/** Undefined where there is no such key within reach. */
export async function findKey(db: Kysely<Tables>, id: string, reach: KeyReach): Promise<KeyRecord | undefined> {
  const { rows } = await readKey(db, id, reach, sql``)
  return rows[0] && toKeyRecord(rows[0])
}

/** As {@link findKey}; nobody else changes it until the transaction ends. */
export async function lockKey(tx: Kysely<Tables>, id: string, reach: KeyReach): Promise<KeyRecord | undefined> {
  const { rows } = await readKey(tx, id, reach, sql`for update`)
  return rows[0] && toKeyRecord(rows[0])
}

/** What is none has no row, and might hold what Postgres does not take as text. */
export function isKeyId(id: string): boolean {
  return /^key_[a-z0-9]{16}$/.test(id)
}

function readKey(db: Kysely<Tables>, id: string, reach: KeyReach, lock: ReturnType<typeof sql>) {
  return sql<KeyRow>`
    select ${KEY_COLUMNS} from api_keys
    where id = ${isKeyId(id) ? id : ''} and ${toCondition(reach)} ${lock}`.execute(db)
}
