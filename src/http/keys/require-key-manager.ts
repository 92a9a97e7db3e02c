import type { Response } from 'express'
import { forbidden } from '../../errors.ts'
import { type AccountIdentity, requireManage } from '../auth.ts'

/**
 * Who may make keys and change them. A key that is confined, by a scope or by its end, may not: what it made or changed would be
 * free of that.
 * @throws {@link GatewayError} as {@link requireManage}; 403 `key_confined`.
 */
export function requireKeyManager(res: Response): AccountIdentity {
  const identity = requireManage(res)
  const { manage: _, ...confining } = identity.scopes
  const isConfined = Object.values(confining).some((scope) => scope !== undefined)
  if (!isConfined && identity.key?.expires !== true) return identity
  throw forbidden(
    'key_confined',
    'This API key is confined by its scopes or its expiry, and may neither make keys nor change them. Use a signed-in wallet, or a key that does not expire and has no other scope than manage.',
  )
}
