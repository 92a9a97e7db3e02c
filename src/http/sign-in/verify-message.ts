import type { RequestHandler } from 'express'
import type { Hex } from 'viem'
import { z } from 'zod'
import type { SignIn } from '../../accounts/sign-in/create-sign-in.ts'
import { MAX_MESSAGE_CHARS } from '../../accounts/sign-in/sign-in-message.ts'
import { GatewayError } from '../../errors.ts'
import { parseRequest } from '../parse-request.ts'
import { toWireSession } from './session.ts'

/** `POST /auth/siwe/verify`: a session for who has signed. */
export function verifyMessage({ signIn }: { signIn: Pick<SignIn, 'verify'> }): RequestHandler {
  return async (req, res) => {
    const { message, signature } = parseRequest(SignedMessage, req.body)
    const from = { via: 'api', ip: req.ip, requestId: res.locals.requestId } as const
    try {
      const { token, ...session } = await signIn.verify({ message, signature: signature as Hex }, from)
      res.locals.note.caller = session.wallet
      res.json({ token, token_type: 'Bearer', ...toWireSession(session) })
    } catch (error) {
      if (error instanceof GatewayError && error.status === 401) res.setHeader('www-authenticate', 'Bearer')
      throw error
    }
  }
}

/** Those of contracts that are not deployed yet hold what deploys them. */
const MAX_SIGNATURE_CHARS = 8_192

export const SignedMessage = z.strictObject({
  message: z.string().min(1).max(MAX_MESSAGE_CHARS).meta({ description: 'In the form of EIP-4361, as it was signed.' }),
  signature: z
    .string()
    .max(MAX_SIGNATURE_CHARS)
    .regex(/^0x(?:[0-9a-fA-F]{2})+$/)
    .meta({ description: 'By `personal_sign` (EIP-191), ERC-1271 or ERC-6492: `0x` and hexadecimal digits.' }),
})
