import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import { accountKind } from '../account-id.ts'
import type { Role } from '../identity.ts'
import { type Page, type Paged, readPage } from '../read-page.ts'
import { CEILING_COLUMNS, type CeilingsRow, toCeilings } from './ceilings.ts'
import type { Member } from './org.ts'
import { memberNotFound } from './org-errors.ts'

/** The latest first; undefined where there is none `after`, which is an account. */
export function listMembers(db: Kysely<Tables>, orgId: string, page: Page): Promise<Paged<Member> | undefined> {
  return readPage(db, { listed: membersOf(orgId), toRow: toMember }, page)
}

/** @throws {@link memberNotFound} 404 */
export async function findMember(db: Kysely<Tables>, orgId: string, account: string): Promise<Member> {
  if (accountKind(account) === undefined) throw memberNotFound(account)
  const { rows } = await sql<MemberRow>`
    select * from (${membersOf(orgId)}) as members where id = ${account}`.execute(db)
  const [row] = rows
  if (row === undefined) throw memberNotFound(account)
  return toMember(row)
}

/** Undefined where it is no member. */
export async function findRole(db: Kysely<Tables>, orgId: string, account: string): Promise<Role | undefined> {
  if (accountKind(account) === undefined) return undefined
  const { rows } = await sql<{ role: Role }>`
    select role from org_members where org_id = ${orgId} and account = ${account}`.execute(db)
  return rows[0]?.role
}

type MemberRow = CeilingsRow & { id: string; role: Role; addedAtMs: number }

const membersOf = (orgId: string) => sql<MemberRow>`
  select account as id, added_at as at, role, ${CEILING_COLUMNS}, ${toMs('added_at')} as "addedAtMs"
  from org_members where org_id = ${orgId}`

const toMember = (row: MemberRow): Member => ({
  account: row.id,
  role: row.role,
  ...toCeilings(row),
  addedAtMs: row.addedAtMs,
})
