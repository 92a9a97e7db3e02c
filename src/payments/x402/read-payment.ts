import { decodePaymentSignatureHeader } from '@x402/core/http'
import type { PaymentPayload } from '@x402/core/types'
import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'

/** What a payer has signed: https://eips.ethereum.org/EIPS/eip-3009 by x402's `exact` scheme. Addresses are in lower case. */
export type SignedPayment = {
  /** Of what was offered, the payer's choice. */
  accepted: { scheme: string; network: string; asset: string; amount: bigint; payTo: string }
  authorization: Authorization
  signature: string
}

export type Authorization = {
  from: string
  to: string
  value: bigint
  /** Unix time in seconds. */
  validAfter: bigint
  validBefore: bigint
  /** 32 bytes, in lower case. */
  nonce: string
}

/**
 * Reads the header `PAYMENT-SIGNATURE` of x402 v2. Of its fields only those are read that we act on.
 * @throws {@link BadRequestError} `invalid_payment`
 */
export function readPayment(header: string): SignedPayment {
  const parsed = header.length > MAX_CHARACTERS ? undefined : Payload.safeParse(decode(header))
  if (parsed?.success !== true) {
    throw new BadRequestError(
      'The header PAYMENT-SIGNATURE holds no x402 v2 payment of the exact scheme: base64 of its JSON is expected.',
      { param: 'PAYMENT-SIGNATURE', code: 'invalid_payment' },
    )
  }
  const { accepted, payload } = parsed.data
  return { accepted, ...payload }
}

/** For a facilitator: what was read, and nothing else of what was sent. */
export function toPayload(
  { authorization, signature }: SignedPayment,
  accepted: PaymentPayload['accepted'],
): PaymentPayload {
  const { from, to, nonce, value, validAfter, validBefore } = authorization
  const texts = { value: String(value), validAfter: String(validAfter), validBefore: String(validBefore) }
  return { x402Version: 2, accepted, payload: { signature, authorization: { from, to, nonce, ...texts } } }
}

/** A counterfactual wallet's signature holds the call that deploys it. */
const MAX_CHARACTERS = 12_000

function decode(header: string): unknown {
  try {
    return decodePaymentSignatureHeader(header)
  } catch {
    return undefined
  }
}

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .toLowerCase()
const uint256 = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt)

const Payload = z.object({
  x402Version: z.literal(2),
  accepted: z.object({
    scheme: z.string(),
    network: z.string(),
    asset: address,
    amount: uint256,
    payTo: address,
  }),
  payload: z.object({
    signature: z.string().regex(/^0x(?:[0-9a-fA-F]{2})+$/),
    authorization: z.object({
      from: address,
      to: address,
      value: uint256,
      validAfter: uint256,
      validBefore: uint256,
      nonce: z
        .string()
        .regex(/^0x[0-9a-fA-F]{64}$/)
        .toLowerCase(),
    }),
  }),
})
