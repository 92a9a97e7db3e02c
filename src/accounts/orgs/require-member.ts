import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { OrgSeat, Role } from '../identity.ts'
import { orgNotFound, roleTooLow } from './org-errors.ts'
import { isAtLeast } from './roles.ts'

/**
 * The place of `account` in an org, which its id or its slug names.
 * @throws {@link orgNotFound} 404 where it has none; {@link roleTooLow} 403 where its role is less than `least`.
 */
export async function requireMember(
  db: Kysely<Tables>,
  org: string,
  account: string,
  least: Role = 'viewer',
): Promise<OrgSeat> {
  if (!isOrgName(org)) throw orgNotFound(org)
  const { rows } = await sql<SeatRow>`
    select orgs.id, orgs.slug, role, credits_per_day::text as "creditsPerDay", credits_per_month::text as "creditsPerMonth"
    from orgs join org_members on org_id = orgs.id
    where (orgs.id = ${org} or slug = ${org}) and closed_at is null and account = ${account}`.execute(db)
  const [row] = rows
  if (row === undefined) throw orgNotFound(org)
  if (!isAtLeast(row.role, least)) throw roleTooLow(row.role, least)
  return { ...row, creditsPerDay: toAmount(row.creditsPerDay), creditsPerMonth: toAmount(row.creditsPerMonth) }
}

/** Whether it can be an id or a slug; what else callers send never comes to the store. */
export function isOrgName(text: string): boolean {
  return /^[a-z0-9_-]{1,64}$/.test(text)
}

type SeatRow = { id: string; slug: string; role: Role; creditsPerDay: string | null; creditsPerMonth: string | null }

const toAmount = (text: string | null) => (text === null ? undefined : BigInt(text))
