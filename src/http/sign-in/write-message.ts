import type { RequestHandler } from 'express'
import { getAddress } from 'viem/utils'
import { z } from 'zod'
import type { SignIn } from '../../accounts/sign-in/create-sign-in.ts'
import { toSignInText } from '../../accounts/sign-in/sign-in-message.ts'
import { toWallet } from '../../accounts/to-wallet.ts'
import { BadRequestError } from '../../errors.ts'
import { toSeconds } from '../../to-seconds.ts'
import { integer } from '../integer.ts'
import { parseRequest } from '../parse-request.ts'

/** `POST /auth/siwe/message`: a message that only has to be signed. */
export function writeMessage({ signIn }: { signIn: Pick<SignIn, 'place' | 'issueNonce'> }): RequestHandler {
  return async (req, res) => {
    const place = signIn.place()
    const { address, chain_id: chainId = place.chainIds[0] } = parseRequest(MessageOrder, req.body)
    if (chainId === undefined || !place.chainIds.includes(chainId)) {
      throw new BadRequestError(`Invalid 'chain_id': expected one of ${place.chainIds.join(', ')}.`, {
        param: 'chain_id',
        code: 'invalid_value',
      })
    }
    const { nonce, issuedAtMs, expiresAtMs } = await signIn.issueNonce()
    const order = { address: getAddress(address), chainId, nonce, issuedAtMs, expirationTimeMs: expiresAtMs }
    res.json({ message: toSignInText(place, order), nonce, expires_at: toSeconds(expiresAtMs) })
  }
}

export const MessageOrder = z.strictObject({
  address: z
    .string()
    .refine((text) => toWallet(text) !== undefined, {
      error:
        "Invalid 'address': expected 0x and 40 hexadecimal digits, with a valid EIP-55 checksum where the case is mixed.",
    })
    .meta({ description: 'Of the wallet.', example: '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045' }),
  chain_id: integer(1).optional().meta({
    description:
      'EIP-155; matters where the wallet is a contract: it is asked there. Default: the first of `chain_ids`.',
  }),
})
