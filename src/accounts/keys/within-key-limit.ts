import { sql } from 'kysely'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import { withinCap } from '../ledger/within-cap.ts'
import { tooManyKeys } from './key-errors.ts'

/** Neither revoked nor expired. */
const MAX_LIVE_KEYS = 1_000

/** Does what makes one key more of `account` live. @throws {@link GatewayError} 409 `too_many_keys`, with nothing done. */
export function withinKeyLimit<Result>(
  db: LedgerDb,
  account: string,
  work: (tx: LedgerDb) => Promise<Result>,
): Promise<Result> {
  const rows = sql`
    select from api_keys
    where account = ${account} and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`
  return withinCap(db, account, { most: MAX_LIVE_KEYS, rows, tooMany: tooManyKeys }, work)
}
