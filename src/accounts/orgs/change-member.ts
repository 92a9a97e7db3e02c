import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import type { Role } from '../identity.ts'
import { changeOrg, type OrgChange } from './change-org.ts'
import { findMember } from './members.ts'
import type { Ceilings, Member } from './org.ts'
import { roleNotManaged } from './org-errors.ts'
import { revokeInvitations } from './revoke-invitations.ts'
import { managedBy } from './roles.ts'

/** What is unset stays as it is; a ceiling of null is lifted. */
export type MemberChange = OrgChange & { [Name in keyof Ceilings]?: Ceilings[Name] | undefined } & {
  account: string
  role?: Role | undefined
}

/**
 * By owners, and of members and viewers by admins.
 * @throws 404 `member_not_found`, 403 `role_too_low`, 409 `last_owner`.
 */
export async function changeMember(
  db: Kysely<Tables>,
  { account, role, creditsPerDay, creditsPerMonth, ...change }: MemberChange,
  actor: Actor,
): Promise<Member> {
  return changeOrg(db, { ...change, least: 'admin' }, async (tx, { id: orgId, role: own }) => {
    const before = await findMember(tx, orgId, account)
    for (const target of [before.role, role ?? before.role]) {
      if (!managedBy(own).includes(target)) throw roleNotManaged(own, target)
    }
    const after: Member = {
      ...before,
      role: role ?? before.role,
      creditsPerDay: creditsPerDay === undefined ? before.creditsPerDay : creditsPerDay,
      creditsPerMonth: creditsPerMonth === undefined ? before.creditsPerMonth : creditsPerMonth,
    }
    await sql`
      update org_members set role = ${after.role}, credits_per_day = ${after.creditsPerDay}::bigint,
        credits_per_month = ${after.creditsPerMonth}::bigint
      where org_id = ${orgId} and account = ${account}`.execute(tx)
    if (after.role !== before.role) {
      const details = { role: after.role, before: before.role }
      await appendAudit(tx, { actor, action: 'member.role_changed', subject: account, orgId, details })
      await revokeInvitations(tx, { orgId, createdBy: account, except: managedBy(after.role) }, actor)
    }
    if (after.creditsPerDay !== before.creditsPerDay || after.creditsPerMonth !== before.creditsPerMonth) {
      const details = { ...toDetails(after), before: toDetails(before) }
      await appendAudit(tx, { actor, action: 'member.ceilings_changed', subject: account, orgId, details })
    }
    return after
  })
}

const toDetails = ({ creditsPerDay, creditsPerMonth }: Ceilings) => ({
  credits_per_day: creditsPerDay,
  credits_per_month: creditsPerMonth,
})
