import { sql } from 'kysely'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import { withinCap } from '../ledger/within-cap.ts'
import { tooManyOrgs } from './org-errors.ts'

/** Closed ones count, as their slugs stay taken. */
const MAX_OWNED_ORGS = 50

/** Does what makes `owner` own one org more. @throws {@link GatewayError} 409 `too_many_orgs`, with nothing done. */
export function withinOrgLimit<Result>(
  db: LedgerDb,
  owner: string,
  work: (tx: LedgerDb) => Promise<Result>,
): Promise<Result> {
  const rows = sql`select from org_members where account = ${owner} and role = 'owner'`
  return withinCap(db, owner, { most: MAX_OWNED_ORGS, rows, tooMany: tooManyOrgs }, work)
}
