import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { newId } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import type { Role } from '../identity.ts'
import { hashSecret } from '../keys/key-secret.ts'
import { changeOrg, type OrgChange } from './change-org.ts'
import { findInvitation } from './invitations.ts'
import { findRole } from './members.ts'
import type { Ceilings, Invitation } from './org.ts'
import { alreadyMember, roleNotManaged, tooManyInvitations } from './org-errors.ts'
import { managedBy } from './roles.ts'

const MAX_OPEN_INVITATIONS = 500

/** From its making. */
export const INVITATION_TTL_SEC = { min: 60, default: 7 * 86_400, max: 30 * 86_400 } as const

export type NewInvitation = OrgChange &
  Ceilings & {
    role: Role
    /** In lower case. Unset: whoever has the token. */
    wallet?: string | undefined
    ttlSec: number
  }

/**
 * By owners, and to members and viewers by admins. The token is told this once: of it the store has a hash.
 * @throws 403 `role_too_low`, 409 `already_member`, `too_many_invitations`.
 */
export async function createInvitation(
  db: Kysely<Tables>,
  { role, wallet, creditsPerDay, creditsPerMonth, ttlSec, ...change }: NewInvitation,
  actor: Actor,
): Promise<{ invitation: Invitation; token: string }> {
  return changeOrg(db, { ...change, least: 'admin' }, async (tx, { id: orgId, role: own }) => {
    if (!managedBy(own).includes(role)) throw roleNotManaged(own, role)
    if (wallet !== undefined && (await findRole(tx, orgId, wallet)) !== undefined) throw alreadyMember(wallet)
    await requireRoom(tx, orgId)
    const id = newId('inv')
    const token = `gwi_${randomBytes(32).toString('base64url')}`
    await sql`
      insert into org_invitations (
        id, org_id, hash, role, wallet, credits_per_day, credits_per_month, created_by, expires_at
      ) values (
        ${id}, ${orgId}, ${hashSecret(token)}, ${role}, ${wallet ?? null}, ${creditsPerDay}::bigint, ${creditsPerMonth}::bigint,
        ${change.by}, clock_timestamp() + ${ttlSec}::float8 * interval '1 s'
      )`.execute(tx)
    const details = { role, wallet: wallet ?? null }
    await appendAudit(tx, { actor, action: 'invitation.created', subject: id, orgId, details })
    return { invitation: await findInvitation(tx, orgId, id), token }
  })
}

async function requireRoom(tx: Kysely<Tables>, orgId: string): Promise<void> {
  const { rows } = await sql<{ hasRoom: boolean }>`
    select count(*) < ${MAX_OPEN_INVITATIONS} as "hasRoom" from org_invitations
    where org_id = ${orgId} and accepted_at is null and revoked_at is null and expires_at > clock_timestamp()`.execute(
    tx,
  )
  if (rows[0]?.hasRoom !== true) throw tooManyInvitations(MAX_OPEN_INVITATIONS)
}
