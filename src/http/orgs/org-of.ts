import type { Request } from 'express'
import type { OrgChange } from '../../accounts/orgs/change-org.ts'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { orgNotFound } from '../../accounts/orgs/org-errors.ts'
import { forbidden } from '../../errors.ts'
import type { AccountIdentity } from '../auth.ts'

/**
 * The org that `/v1/orgs/{org}` names, and the account that asks.
 * @throws {@link orgNotFound} 404 also where it is none of those that the key is confined to.
 */
export async function orgOf(
  orgs: Pick<OrgDesk, 'seat'>,
  req: Request,
  { account, scopes, org: charged }: AccountIdentity,
): Promise<OrgChange> {
  const order = { org: String(req.params.org), by: account }
  if (scopes.orgs === undefined) return order
  const { id } = await orgs.seat(order)
  if (!scopes.orgs.includes(id) && id !== charged?.id) throw orgNotFound(order.org)
  return { ...order, org: id }
}

/** @throws 403 `org_not_allowed` for a key that is confined to some orgs, of which a new one is none. */
export function refuseConfined({ scopes }: AccountIdentity): void {
  if (scopes.orgs === undefined) return
  throw forbidden('org_not_allowed', 'This API key is confined to some orgs. Use another key, or a signed-in wallet.')
}
