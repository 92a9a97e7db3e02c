import type { Request, Response } from 'express'
import type { Actor } from '../accounts/actor.ts'
import { identityOf } from './auth.ts'

/** Who changes something by this request. */
export function actorOf(req: Request, res: Response): Actor {
  const { account, key, caller } = identityOf(res)
  return { id: account ?? key?.id ?? caller, via: 'api', ip: req.ip, requestId: res.locals.requestId }
}
