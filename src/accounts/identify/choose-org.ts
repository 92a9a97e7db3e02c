import type { OrgSeat } from '../identity.ts'
import type { StoredCredential } from './find-credential.ts'
import { bindingLost, orgNotAllowed, orgsDisagree } from './refusals.ts'

/**
 * The org that a request is for: the one its headers name, or else the one its key is bound to.
 * @param names - ids or slugs.
 * @throws {@link GatewayError} 400 `org_conflict` where they name several; 403 `org_not_allowed`.
 */
export function chooseOrg(credential: StoredCredential, names: readonly string[]): OrgSeat | undefined {
  if (names.length === 0) return boundOrg(credential)
  const seats = names.map((name) => seatIn(credential, name))
  const [first] = seats
  if (first !== undefined && seats.some(({ id }) => id !== first.id)) throw orgsDisagree()
  return first
}

function seatIn({ seats, scopes, binding }: StoredCredential, name: string): OrgSeat {
  const slug = name.toLowerCase()
  const seat = seats.find((one) => one.id === name || one.slug === slug)
  const isInScope = scopes.orgs === undefined || scopes.orgs.includes(seat?.id ?? '') || seat?.id === binding
  if (seat === undefined || !isInScope) throw orgNotAllowed()
  return seat
}

function boundOrg({ seats, binding, orgMode }: StoredCredential): OrgSeat | undefined {
  if (binding === undefined) return undefined
  const seat = seats.find(({ id }) => id === binding)
  if (seat === undefined && orgMode === 'strict') throw bindingLost()
  return seat
}
