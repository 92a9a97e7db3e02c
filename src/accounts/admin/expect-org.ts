import { accountKind } from '../account-id.ts'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import { listMembers } from '../orgs/members.ts'
import type { Member, Org } from '../orgs/org.ts'
import { orgNotFound } from '../orgs/org-errors.ts'
import { findOrg } from '../orgs/read-orgs.ts'
import type { Page, Paged } from '../read-page.ts'

/** By its id or slug. @throws 404 `org_not_found` */
export async function expectOrg(db: LedgerDb, org: string): Promise<Org> {
  const found = await findOrg(db, org)
  if (found === undefined) throw orgNotFound(org)
  return found
}

/** Of any org. @throws 404 `org_not_found` */
export async function listMembersOf(db: LedgerDb, org: string, page: Page): Promise<Paged<Member> | undefined> {
  return listMembers(db, (await expectOrg(db, org)).id, page)
}

/** The id of an org, also of one that is closed where the id itself is given. @throws 404 `org_not_found` */
export async function resolveOrg(db: LedgerDb, org: string): Promise<string> {
  return accountKind(org) === 'org' ? org : (await expectOrg(db, org)).id
}
