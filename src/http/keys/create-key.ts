import type { RequestHandler } from 'express'
import type { KeyDesk } from '../../accounts/keys/create-key-desk.ts'
import { actorOf } from '../actor-of.ts'
import { toExpiry } from '../expiry-fields.ts'
import { parseRequest, unsupported } from '../parse-request.ts'
import { seatIn } from '../seat-in.ts'
import { NewKeyBody, toScopes } from './key-body.ts'
import { requireKeyManager } from './require-key-manager.ts'
import { sendNewKey } from './send-new-key.ts'

/** `POST /v1/keys`: a key of the caller's own, or a service key of an org that it administers. */
export function createKey(keys: Pick<KeyDesk, 'create' | 'seat'>): RequestHandler {
  return async (req, res) => {
    const identity = requireKeyManager(res)
    const { name, scopes, org, org_mode: orgMode, service, ...expiry } = parseRequest(OwnKeyBody, req.body)
    const least = service ? 'admin' : 'member'
    const seat = org === undefined ? undefined : await seatIn(keys, org, { identity, least })
    const made = await keys.create(
      {
        name,
        account: service && seat !== undefined ? seat.id : identity.account,
        orgId: seat?.id,
        orgMode,
        scopes: toScopes(scopes),
        expiry: toExpiry(expiry),
      },
      actorOf(req, res),
    )
    sendNewKey(res, made)
  }
}

const OwnKeyBody = NewKeyBody.refine(({ org, service }) => org !== undefined || !service, {
  ...unsupported('unsupported_value', "A service key belongs to an org. Name it in 'org'."),
  path: ['service'],
}).refine(({ org, org_mode: mode }) => org !== undefined || mode === undefined, {
  ...unsupported('unsupported_value', "'org_mode' says who pays for a key of an org. Name it in 'org'."),
  path: ['org_mode'],
})
