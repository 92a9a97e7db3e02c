import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { changeOrg, type OrgChange } from './change-org.ts'
import { findMember } from './members.ts'
import { roleNotManaged } from './org-errors.ts'
import { revokeInvitations } from './revoke-invitations.ts'
import { managedBy } from './roles.ts'

/**
 * By owners, of members and viewers by admins, and by anybody of themselves.
 * @throws 404 `member_not_found`, 403 `role_too_low`, 409 `last_owner`.
 */
export async function removeMember(
  db: Kysely<Tables>,
  { account, ...change }: OrgChange & { account: string },
  actor: Actor,
): Promise<void> {
  const isLeaving = account === change.by
  await changeOrg(db, { ...change, least: isLeaving ? 'viewer' : 'admin' }, async (tx, { id: orgId, role: own }) => {
    const { role } = await findMember(tx, orgId, account)
    if (!isLeaving && !managedBy(own).includes(role)) throw roleNotManaged(own, role)
    await sql`delete from org_members where org_id = ${orgId} and account = ${account}`.execute(tx)
    const action = isLeaving ? 'member.left' : 'member.removed'
    await appendAudit(tx, { actor, action, subject: account, orgId, details: { role } })
    await revokeInvitations(tx, { orgId, createdBy: account }, actor)
  })
}
