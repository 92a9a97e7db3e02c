import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { conflict, forbidden, type GatewayError, notFound } from '../../errors.ts'
import { accountKind } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import type { Role } from '../identity.ts'
import { hashSecret } from '../keys/key-secret.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { findMember } from './members.ts'
import type { Member } from './org.ts'
import { alreadyMember, orgAsMember } from './org-errors.ts'

/**
 * Makes `account` a member, once for a token.
 * @throws 404 `invitation_not_found` where it is unknown, expired or revoked; 409 `invitation_used` or `already_member`;
 * 403 `wallet_mismatch` where it is another's.
 */
export async function acceptInvitation(
  db: Kysely<Tables>,
  { token, account }: { token: string; account: string },
  actor: Actor,
): Promise<{ orgId: string; member: Member }> {
  if (accountKind(account) === 'org') throw orgAsMember()
  return atomically(db, async (tx) => {
    const hash = hashSecret(token)
    await sql`
      select 1 from orgs where id = (select org_id from org_invitations where hash = ${hash}) for no key update`.execute(
      tx,
    )
    // By itself: a statement that has waited for the lock may still read what was there before.
    const { rows } = await sql<InvitationRow>`
      select org_id as "orgId", invitation.id, role, wallet, accepted_at is not null as "isUsed"
      from org_invitations as invitation join orgs on orgs.id = org_id
      where hash = ${hash} and closed_at is null and revoked_at is null and expires_at > clock_timestamp()`.execute(tx)
    const [invitation] = rows
    if (invitation === undefined) throw noInvitation()
    const { orgId, id, role, wallet, isUsed } = invitation
    if (isUsed) throw conflict('invitation_used', 'This invitation has been accepted: it is good for once.')
    if (wallet !== null && wallet !== account)
      throw forbidden('wallet_mismatch', 'This invitation is for another wallet.')
    const added = await sql`
      insert into org_members (org_id, account, role, credits_per_day, credits_per_month)
      select org_id, ${account}, role, credits_per_day, credits_per_month from org_invitations where id = ${id}
      on conflict (org_id, account) do nothing returning account`.execute(tx)
    if (added.rows.length === 0) throw alreadyMember(account)
    await sql`
      update org_invitations set accepted_at = clock_timestamp(), accepted_by = ${account} where id = ${id}`.execute(tx)
    const details = { role, invitation: id }
    await appendAudit(tx, { actor, action: 'member.joined', subject: account, orgId, details })
    return { orgId, member: await findMember(tx, orgId, account) }
  })
}

type InvitationRow = { orgId: string; id: string; role: Role; wallet: string | null; isUsed: boolean }

function noInvitation(): GatewayError {
  return notFound('invitation_not_found', 'There is no such invitation, or it has ended. Ask for another.', {
    param: 'token',
  })
}
