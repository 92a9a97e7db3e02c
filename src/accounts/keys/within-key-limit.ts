import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { lockAccount } from '../ledger/lock-account.ts'
import { tooManyKeys } from './key-errors.ts'

/** Neither revoked nor expired. */
const MAX_LIVE_KEYS = 1_000

/**
 * Does `work`, after which one key more of `account` is live; where that is one too many, it is undone. For callers alone: an
 * operator makes as many as it likes.
 * @throws {@link GatewayError} 409 `too_many_keys`.
 */
export function withinKeyLimit<Result>(
  db: Kysely<Tables>,
  account: string,
  work: (tx: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  return atomically(db, async (tx) => {
    await lockAccount(tx, account)
    const result = await work(tx)
    const { rows } = await sql<{ isWithin: boolean }>`
      select count(*) <= ${MAX_LIVE_KEYS} as "isWithin" from api_keys
      where account = ${account} and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`.execute(
      tx,
    )
    if (rows[0]?.isWithin !== true) throw tooManyKeys(MAX_LIVE_KEYS)
    return result
  })
}
