import type { Response } from 'express'
import { forbidden } from '../../errors.ts'
import { type AccountIdentity, requireManage } from '../auth.ts'

/**
 * Who may make keys and change them. A key that is confined may not: what it made or changed would be free of that.
 * @throws {@link GatewayError} as {@link requireManage}; 403 `key_confined`.
 */
export function requireKeyManager(res: Response): AccountIdentity {
  const identity = requireManage(res)
  const { manage: _, ...confining } = identity.scopes
  if (Object.values(confining).every((scope) => scope === undefined)) return identity
  throw forbidden(
    'key_confined',
    'This API key is confined by its scopes, and may neither make keys nor change them. Use a signed-in wallet, or a key that has no other scope than manage.',
  )
}
