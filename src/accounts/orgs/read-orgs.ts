import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import type { Role } from '../identity.ts'
import { type Page, type Paged, readPage } from '../read-page.ts'
import { CEILING_COLUMNS, type CeilingsRow, toCeilings } from './ceilings.ts'
import type { Org, OwnOrg } from './org.ts'
import { orgNotFound } from './org-errors.ts'
import { isOrgName } from './require-member.ts'

/** By its id or slug; undefined also where it is closed. */
export async function findOrg(db: Kysely<Tables>, org: string): Promise<Org | undefined> {
  if (!isOrgName(org)) return undefined
  const { rows } = await sql<OrgRow>`
    select ${ORG_COLUMNS} from orgs join accounts using (id)
    where (id = ${org} or slug = ${org}) and closed_at is null`.execute(db)
  return rows[0] && toOrg(rows[0])
}

/** All there are. The latest first; undefined where there is none `after`. */
export function listOrgs(db: Kysely<Tables>, page: Page): Promise<Paged<Org> | undefined> {
  const listed = sql<OrgRow>`select ${ORG_COLUMNS} from orgs join accounts using (id) where closed_at is null`
  return readPage(db, { listed, toRow: toOrg }, page)
}

/** As {@link listOrgs}, those that `account` is a member of. @param page.only - the ids of no others. */
export function listOwnOrgs(
  db: Kysely<Tables>,
  account: string,
  { only, ...page }: Page & { only?: readonly string[] | undefined },
): Promise<Paged<OwnOrg> | undefined> {
  const confined = only === undefined ? sql`` : sql`and id = any(${only}::text[])`
  return readPage(db, { listed: sql<OwnOrgRow>`${ownOrgs(account)} ${confined}`, toRow: toOwnOrg }, page)
}

/** By its id or slug. @throws {@link orgNotFound} 404 where `account` is no member of it. */
export async function findOwnOrg(db: Kysely<Tables>, org: string, account: string): Promise<OwnOrg> {
  if (!isOrgName(org)) throw orgNotFound(org)
  const { rows } = await sql<OwnOrgRow>`${ownOrgs(account)} and (id = ${org} or slug = ${org})`.execute(db)
  const [row] = rows
  if (row === undefined) throw orgNotFound(org)
  return toOwnOrg(row)
}

type OrgRow = Omit<Org, 'balance' | 'held'> & { balance: string; held: string }
type OwnOrgRow = OrgRow & CeilingsRow & { role: Role }

const ORG_COLUMNS: RawBuilder<OrgRow> = sql`
  id, slug, orgs.name, orgs.created_at as at, balance::text, held::text, ${toMs('orgs.created_at')} as "createdAtMs"`

const ownOrgs = (account: string) => sql<OwnOrgRow>`
  select ${ORG_COLUMNS}, role, ${CEILING_COLUMNS}
  from orgs join accounts using (id) join org_members on org_id = id
  where closed_at is null and account = ${account}`

const toOwnOrg = (row: OwnOrgRow): OwnOrg => ({ ...toOrg(row), role: row.role, ...toCeilings(row) })

function toOrg({ id, slug, name, balance, held, createdAtMs }: OrgRow): Org {
  return { id, slug, name, balance: BigInt(balance), held: BigInt(held), createdAtMs }
}
