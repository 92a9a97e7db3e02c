import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import { idPattern } from '../account-id.ts'
import { type Page, type Paged, readPage } from '../read-page.ts'
import { CEILING_COLUMNS, type CeilingsRow, toCeilings } from './ceilings.ts'
import type { Ceilings, Invitation } from './org.ts'
import { invitationNotFound } from './org-errors.ts'

/** The latest first, those that have ended too; undefined where there is none `after`. */
export function listInvitations(db: Kysely<Tables>, orgId: string, page: Page): Promise<Paged<Invitation> | undefined> {
  return readPage(db, { listed: invitationsOf(orgId), toRow: toInvitation }, page)
}

/** @throws {@link invitationNotFound} 404 */
export async function findInvitation(db: Kysely<Tables>, orgId: string, id: string): Promise<Invitation> {
  if (!INVITATION_ID.test(id)) throw invitationNotFound(id)
  const { rows } = await sql<InvitationRow>`${invitationsOf(orgId)} and id = ${id}`.execute(db)
  const [row] = rows
  if (row === undefined) throw invitationNotFound(id)
  return toInvitation(row)
}

const INVITATION_ID = idPattern('inv')

type InvitationRow = Omit<Invitation, keyof Ceilings> & CeilingsRow

const INVITATION_COLUMNS: RawBuilder<InvitationRow> = sql`
  id, created_at as at, role, wallet, ${CEILING_COLUMNS}, created_by as "createdBy", accepted_by as "acceptedBy",
  case when accepted_at is not null then 'accepted' when revoked_at is not null then 'revoked'
    when expires_at <= clock_timestamp() then 'expired' else 'open' end as status,
  ${toMs('created_at')} as "createdAtMs", ${toMs('expires_at')} as "expiresAtMs"`

const invitationsOf = (orgId: string) => sql<InvitationRow>`
  select ${INVITATION_COLUMNS} from org_invitations where org_id = ${orgId}`

function toInvitation(row: InvitationRow): Invitation {
  const { id, role, wallet, status, createdBy, acceptedBy, createdAtMs, expiresAtMs } = row
  return { id, role, wallet, ...toCeilings(row), status, createdBy, acceptedBy, createdAtMs, expiresAtMs }
}
