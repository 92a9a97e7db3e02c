import type { Request, RequestHandler, Response } from 'express'
import type { Identify } from '../accounts/identify/identify.ts'
import type { Identity } from '../accounts/identity.ts'
import { forbidden, GatewayError, unauthorized } from '../errors.ts'

export type AuthenticateDeps = {
  identify: Identify
  /** A header of the operator's own that names the org to charge. */
  orgHeader?: string | undefined
  /** Who somebody is that sends no credential but pays for the request itself. Rejects as `identify` does: with a 402, an offer. */
  payer?: ((req: Request, res: Response) => Promise<Identity>) | undefined
}

/** An identity that is proven: by a key, a signed-in wallet, or a payment. */
export type AccountIdentity = Identity & { account: string }

/** Finds out who asks, once a request; what stands behind it reads {@link identityOf}. */
export function createAuthenticate({ identify, orgHeader, payer }: AuthenticateDeps): RequestHandler {
  const orgHeaders = [...ORG_HEADERS, ...(orgHeader === undefined ? [] : [orgHeader])]
  return async (req, res, next) => {
    try {
      const authorization = req.get('authorization')
      const pays = payer !== undefined && authorization === undefined
      const identity = pays
        ? await payer(req, res)
        : await identify({
            authorization,
            wallet: req.get('x-wallet-address'),
            orgs: orgHeaders.flatMap((name) => wordIn(req, name)),
            ip: req.ip,
          })
      res.locals.identity = identity
      res.locals.note.caller = identity.caller
    } catch (error) {
      if (error instanceof GatewayError && error.status === 401) askForBearer(res)
      throw error
    }
    next()
  }
}

/** Whom {@link createAuthenticate} has found. Only for routes behind it. */
export function identityOf(res: Response): Identity {
  const { identity } = res.locals
  if (identity === undefined) throw new Error('This route asks nobody who they are.')
  return identity
}

/** Its name: a wallet, an account, `key_…`; '' on a route that asks nobody. */
export function callerOf(res: Response): string {
  return res.locals.note.caller ?? ''
}

/**
 * Who has an account of its own, and has proven to be its holder.
 * @throws {@link GatewayError} 401 `missing_api_key` for who only claims to be somebody.
 */
export function requireAccount(res: Response): AccountIdentity {
  const identity = identityOf(res)
  const { account, credential } = identity
  if (account !== undefined && credential !== 'claim') return { ...identity, account }
  askForBearer(res)
  throw unauthorized(
    'missing_api_key',
    'This needs an API key of this gateway, or a signed-in wallet: see POST /auth/siwe/verify.',
  )
}

/**
 * Who may change keys, orgs and their members, and move credits.
 * @throws {@link GatewayError} 401 as {@link requireAccount}; 403 `manage_required` for a key without that scope.
 */
export function requireManage(res: Response): AccountIdentity {
  const identity = requireAccount(res)
  const { credential, scopes } = identity
  if (credential === 'session' || (credential === 'key' && scopes.manage === true)) return identity
  throw forbidden('manage_required', "This needs a signed-in wallet, or an API key with the scope 'manage'.")
}

const ORG_HEADERS = ['openai-organization', 'x-org-slug']

function wordIn(req: Request, name: string): string[] {
  const word = req.get(name)?.trim() ?? ''
  return word === '' ? [] : [word]
}

function askForBearer(res: Response): void {
  res.setHeader('www-authenticate', 'Bearer')
}
