import type { Request, RequestHandler, Response } from 'express'
import { ownKind, parseBearer } from '../../accounts/identify/parse-bearer.ts'
import type { SignIn } from '../../accounts/sign-in/create-sign-in.ts'
import type { Session } from '../../accounts/sign-in/sessions.ts'
import { unauthorized } from '../../errors.ts'
import { toSeconds } from '../../to-seconds.ts'
import { actorOf } from '../actor-of.ts'

/** `GET /auth/siwe/session`: who is signed in. */
export function showSession({ signIn }: { signIn: Pick<SignIn, 'findSession'> }): RequestHandler {
  return async (req, res) => {
    const session = await signIn.findSession(sessionToken(req, res))
    res.json(toWireSession(session ?? refuse(res)))
  }
}

/** `DELETE /auth/siwe/session`: signs out. */
export function endSession({ signIn }: { signIn: Pick<SignIn, 'endSession'> }): RequestHandler {
  return async (req, res) => {
    const session = await signIn.endSession(sessionToken(req, res), actorOf(req, res))
    const { wallet } = session ?? refuse(res)
    res.json({ object: 'session', wallet, deleted: true })
  }
}

export function toWireSession({ wallet, chainId, createdAtMs, expiresAtMs }: Session) {
  return {
    object: 'session',
    wallet,
    chain_id: chainId,
    created_at: toSeconds(createdAtMs),
    expires_at: toSeconds(expiresAtMs),
  }
}

function sessionToken(req: Request, res: Response): string {
  const token = parseBearer(req.get('authorization'))
  return token !== undefined && ownKind(token) === 'session' ? token : refuse(res)
}

function refuse(res: Response): never {
  res.setHeader('www-authenticate', 'Bearer')
  throw unauthorized(
    'not_signed_in',
    "Nobody is signed in. Send 'Authorization: Bearer gws_…', with the token of /auth/siwe/verify.",
  )
}
