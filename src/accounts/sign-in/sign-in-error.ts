import { type GatewayError, unauthorized } from '../../errors.ts'

/** 401: what was signed is not what this gateway takes. `reason` is one sentence, or two. */
export const invalidMessage = (reason: string): GatewayError => unauthorized('invalid_siwe_message', reason)

export const invalidSignature = (): GatewayError =>
  unauthorized(
    'invalid_siwe_signature',
    'The signature is not that of the address in the message. Sign the whole message as it is, by personal_sign.',
  )

export const nonceUsed = (): GatewayError =>
  unauthorized(
    'siwe_nonce_used',
    'The nonce of the message was used before, has expired, or is not from this gateway. Sign a message with a new one, from /auth/siwe/nonce.',
  )
