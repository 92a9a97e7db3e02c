import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { OrgSeat, Role } from '../identity.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { lastOwner, orgNotFound } from './org-errors.ts'
import { isOrgName, requireMember } from './require-member.ts'

/** Who changes which org: `org` is an id or a slug, `by` the account of a member. */
export type OrgChange = { org: string; by: string }

/**
 * Does `work` in a transaction in which nobody else changes this org or its members.
 * @throws what {@link requireMember} throws; {@link lastOwner} 409, and nothing is changed, where no owner would be left.
 */
export async function changeOrg<Result>(
  db: Kysely<Tables>,
  { org, by, least }: OrgChange & { least: Role },
  work: (tx: Kysely<Tables>, seat: OrgSeat) => Promise<Result>,
): Promise<Result> {
  if (!isOrgName(org)) throw orgNotFound(org)
  return atomically(db, async (tx) => {
    await sql`select 1 from orgs where id = ${org} or slug = ${org} for no key update`.execute(tx)
    const seat = await requireMember(tx, org, by, least)
    const result = await work(tx, seat)
    const owners = await sql`select 1 from org_members where org_id = ${seat.id} and role = 'owner' limit 1`.execute(tx)
    if (owners.rows.length === 0) throw lastOwner()
    return result
  })
}
