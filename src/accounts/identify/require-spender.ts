import { forbidden } from '../../errors.ts'
import type { Identity } from '../identity.ts'

/**
 * Refuses runs for an org in which the caller only looks on, unless its own account may pay.
 * @throws {@link GatewayError} 403 `role_too_low`.
 */
export function requireSpender({ org, account, payers }: Identity): void {
  if (org?.role !== 'viewer' || (account !== undefined && payers.includes(account))) return
  throw forbidden('role_too_low', `You are a viewer of the org '${org.slug}': only its members may spend.`)
}
