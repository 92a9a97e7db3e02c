import type { RequestHandler } from 'express'
import type { SignIn } from '../../accounts/sign-in/create-sign-in.ts'
import { domainOf, STATEMENT } from '../../accounts/sign-in/sign-in-message.ts'
import { toSeconds } from '../../to-seconds.ts'

/** `POST /auth/siwe/nonce`: what a wallet's own message needs. */
export function issueNonce({ signIn }: { signIn: Pick<SignIn, 'place' | 'issueNonce'> }): RequestHandler {
  return async (_req, res) => {
    const place = signIn.place()
    const { nonce, expiresAtMs } = await signIn.issueNonce()
    res.json({
      nonce,
      expires_at: toSeconds(expiresAtMs),
      domain: domainOf(place),
      uri: place.publicUrl,
      chain_ids: place.chainIds,
      statement: STATEMENT,
    })
  }
}
