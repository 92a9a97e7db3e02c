import type { Kysely } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { changeOrg, type OrgChange } from './change-org.ts'
import { findInvitation } from './invitations.ts'
import type { Invitation } from './org.ts'
import { roleNotManaged } from './org-errors.ts'
import { revokeInvitations } from './revoke-invitations.ts'
import { managedBy } from './roles.ts'

/**
 * By owners, and to members and viewers by admins. One that has ended stays as it is.
 * @throws 404 `invitation_not_found`, 403 `role_too_low`.
 */
export async function revokeInvitation(
  db: Kysely<Tables>,
  { id, ...change }: OrgChange & { id: string },
  actor: Actor,
): Promise<Invitation> {
  return changeOrg(db, { ...change, least: 'admin' }, async (tx, { id: orgId, role: own }) => {
    const { role } = await findInvitation(tx, orgId, id)
    if (!managedBy(own).includes(role)) throw roleNotManaged(own, role)
    await revokeInvitations(tx, { orgId, id }, actor)
    return findInvitation(tx, orgId, id)
  })
}
