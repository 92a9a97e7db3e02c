import type { OrgSeat, Role } from '../accounts/identity.ts'
import { orgNotFound } from '../accounts/orgs/org-errors.ts'
import type { AccountIdentity } from './auth.ts'

type SeatDesk = { seat(org: string, account: string, least: Role): Promise<OrgSeat> }

/**
 * The caller's place in the org that a request is about, by id or slug. A key of the org itself stands for its admins.
 * @throws 404 `org_not_found` where it is no member, or its key is confined to others; 403 `role_too_low`.
 */
export async function seatIn(
  desk: SeatDesk,
  org: string,
  { identity, least }: { identity: AccountIdentity; least: Role },
): Promise<Pick<OrgSeat, 'id' | 'role'>> {
  const { account, scopes, org: charged } = identity
  const isOwn = charged?.id === account && (org === charged.id || org === charged.slug)
  if (isOwn) return { id: account, role: 'admin' }
  const seat = await desk.seat(org, account, least)
  const isInScope = scopes.orgs === undefined || scopes.orgs.includes(seat.id) || seat.id === charged?.id
  if (!isInScope) throw orgNotFound(org)
  return seat
}
