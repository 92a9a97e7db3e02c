import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { lockAccount } from '../ledger/lock-account.ts'
import { tooManyOrgs } from './org-errors.ts'

const MAX_OWNED_ORGS = 50

/**
 * Does `work`, after which `owner` owns one org more; where that is one too many, it is undone. Closed ones count, as their slugs
 * stay taken. For callers alone: an operator makes as many as it likes.
 * @throws {@link GatewayError} 409 `too_many_orgs`.
 */
export function withinOrgLimit<Result>(
  db: Kysely<Tables>,
  owner: string,
  work: (tx: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  return atomically(db, async (tx) => {
    await lockAccount(tx, owner)
    const result = await work(tx)
    const { rows } = await sql<{ isWithin: boolean }>`
      select count(*) <= ${MAX_OWNED_ORGS} as "isWithin" from org_members
      where account = ${owner} and role = 'owner'`.execute(tx)
    if (rows[0]?.isWithin !== true) throw tooManyOrgs(MAX_OWNED_ORGS)
    return result
  })
}
