import type { Request } from 'express'
import type { OrgChange } from '../../accounts/orgs/change-org.ts'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { forbidden } from '../../errors.ts'
import type { AccountIdentity } from '../auth.ts'
import { seatIn } from '../seat-in.ts'

/**
 * The org that `/v1/orgs/{org}` names, and the account that asks: what that may do there is judged with what it does.
 * @throws 404 `org_not_found` where it is none of those that the key is confined to.
 */
export async function orgOf(orgs: Pick<OrgDesk, 'seat'>, req: Request, identity: AccountIdentity): Promise<OrgChange> {
  const org = String(req.params.org)
  if (identity.scopes.orgs !== undefined) await seatIn(orgs, org, { identity, least: 'viewer' })
  return { org, by: identity.account }
}

/** @throws 403 `org_not_allowed` for a key that is confined to some orgs, of which a new one is none. */
export function refuseConfined({ scopes }: AccountIdentity): void {
  if (scopes.orgs === undefined) return
  throw forbidden('org_not_allowed', 'This API key is confined to some orgs. Use another key, or a signed-in wallet.')
}
