import { hash, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import type { Actor } from '../../accounts/actor.ts'
import { parseBearer } from '../../accounts/identify/parse-bearer.ts'
import { unauthorized } from '../../errors.ts'

/** Lets whoever sends ADMIN_KEY as the bearer pass. */
export function requireAdmin(adminKey: string): RequestHandler {
  const wanted = sha256(adminKey)
  return (req, res, next) => {
    const given = parseBearer(req.get('authorization')) ?? ''
    // Of hashes, so that neither the length nor how much of it is right can be told by the time it takes.
    if (!timingSafeEqual(sha256(given), wanted)) {
      res.setHeader('www-authenticate', 'Bearer')
      throw unauthorized('invalid_admin_key', "This needs the gateway's ADMIN_KEY: 'Authorization: Bearer <key>'.")
    }
    res.locals.note.caller = ADMIN
    res.setHeader('cache-control', 'no-store')
    next()
  }
}

/** Who changes something behind {@link requireAdmin}. */
export function adminOf(req: Request, res: Response): Actor {
  return { id: ADMIN, via: 'api', ip: req.ip, requestId: res.locals.requestId }
}

const ADMIN = 'admin'
const sha256 = (text: string) => hash('sha256', text, 'buffer')
