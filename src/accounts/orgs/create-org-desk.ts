import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Actor } from '../actor.ts'
import { listAudit } from '../audit/list-audit.ts'
import type { Role } from '../identity.ts'
import type { Page } from '../read-page.ts'
import { acceptInvitation } from './accept-invitation.ts'
import { changeMember, type MemberChange } from './change-member.ts'
import type { OrgChange } from './change-org.ts'
import { closeOrg } from './close-org.ts'
import { createInvitation, type NewInvitation } from './create-invitation.ts'
import { createOrg, type NewOrg } from './create-org.ts'
import { listInvitations } from './invitations.ts'
import { listMembers } from './members.ts'
import { moveFromOrg, moveToOrg, type OrgMove } from './move-org-credits.ts'
import { findOwnOrg, listOwnOrgs } from './read-orgs.ts'
import { removeMember } from './remove-member.ts'
import { renameOrg } from './rename-org.ts'
import { requireMember } from './require-member.ts'
import { revokeInvitation } from './revoke-invitation.ts'
import { withinOrgLimit } from './within-org-limit.ts'

/**
 * Orgs, as their members use them: `org` is an id or a slug, `by` the account of who asks. All reject with a 404 `org_not_found`
 * where that is no member, a 403 `role_too_low` where its role is too low, and a 503 `store_unavailable` while Postgres cannot be
 * reached.
 */
export type OrgDesk = ReturnType<typeof createOrgDesk>

export function createOrgDesk({ db }: Pick<Database, 'db'>) {
  return withStoreErrors({
    seat: (org: string, account: string, least: Role) => requireMember(db, org, account, least),
    create: (org: NewOrg, actor: Actor) => withinOrgLimit(db, org.owner, (tx) => createOrg(tx, org, actor)),
    list: (account: string, page: Page & { only?: readonly string[] | undefined }) => listOwnOrgs(db, account, page),
    find: ({ org, by }: OrgChange) => findOwnOrg(db, org, by),
    rename: (change: OrgChange & { name: string }, actor: Actor) => renameOrg(db, change, actor),
    close: (change: OrgChange & { moveTo?: string | undefined }, actor: Actor) => closeOrg(db, change, actor),
    async members({ org, by }: OrgChange, page: Page) {
      const { id } = await requireMember(db, org, by)
      return listMembers(db, id, page)
    },
    changeMember: (change: MemberChange, actor: Actor) => changeMember(db, change, actor),
    removeMember: (change: OrgChange & { account: string }, actor: Actor) => removeMember(db, change, actor),
    async invitations({ org, by }: OrgChange, page: Page) {
      const { id } = await requireMember(db, org, by, 'admin')
      return listInvitations(db, id, page)
    },
    invite: (invitation: NewInvitation, actor: Actor) => createInvitation(db, invitation, actor),
    revokeInvitation: (change: OrgChange & { id: string }, actor: Actor) => revokeInvitation(db, change, actor),
    accept: (order: { token: string; account: string }, actor: Actor) => acceptInvitation(db, order, actor),
    moveIn: (move: OrgMove, actor: Actor) => moveToOrg(db, move, actor),
    moveOut: (move: OrgMove, actor: Actor) => moveFromOrg(db, move, actor),
    async audit({ org, by }: OrgChange, page: Page) {
      const { id } = await requireMember(db, org, by, 'admin')
      return listAudit(db, { ...page, orgId: id })
    },
  })
}
