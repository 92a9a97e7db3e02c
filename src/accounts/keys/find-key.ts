import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { idPattern } from '../account-id.ts'
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

function readKey(db: Kysely<Tables>, id: string, reach: KeyReach, lock: ReturnType<typeof sql>) {
  return sql<KeyRow>`
    select ${KEY_COLUMNS} from api_keys
    where id = ${KEY_ID.test(id) ? id : ''} and ${toCondition(reach)} ${lock}`.execute(db)
}

const KEY_ID = idPattern('key')
