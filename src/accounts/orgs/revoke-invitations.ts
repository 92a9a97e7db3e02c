import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import type { Role } from '../identity.ts'

export type RevokedInvitations = {
  orgId: string
  /** Only that one. */
  id?: string
  /** Only those of this account. */
  createdBy?: string
  /** Not those to these roles. */
  except?: readonly Role[]
}

/**
 * Ends those that are open, and returns how many. Who may not invite any more must not come back, or let others in, by what was
 * made before.
 */
export async function revokeInvitations(
  tx: Kysely<Tables>,
  { orgId, id, createdBy, except = [] }: RevokedInvitations,
  actor: Actor,
): Promise<number> {
  const { rows } = await sql<{ id: string; role: Role }>`
    update org_invitations set revoked_at = clock_timestamp()
    where org_id = ${orgId} and accepted_at is null and revoked_at is null and expires_at > clock_timestamp()
      and (${id ?? null}::text is null or id = ${id ?? null}::text)
      and (${createdBy ?? null}::text is null or created_by = ${createdBy ?? null}::text)
      and not role = any(${except}::text[])
    returning id, role`.execute(tx)
  for (const { id: subject, role } of rows) {
    await appendAudit(tx, { actor, action: 'invitation.revoked', subject, orgId, details: { role } })
  }
  return rows.length
}
