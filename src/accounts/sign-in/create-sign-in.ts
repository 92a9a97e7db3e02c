import type { Address, Hex } from 'viem'
import { recoverMessageAddress } from 'viem'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import { GatewayError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { issueNonce, type Nonce, returnNonce, takeNonce } from './nonces.ts'
import { createSession, endSession, findSession, type Session } from './sessions.ts'
import { invalidSignature } from './sign-in-error.ts'
import { parseSignInMessage, type SignInMessage, type SignInPlace } from './sign-in-message.ts'

/** How wallets sign in, by EIP-4361. All reject with a 503 GatewayError while Postgres cannot be reached. */
export type SignIn = {
  /** What a message must be for. */
  place(): SignInPlace
  issueNonce(): Promise<Nonce>
  /**
   * A session for who has signed the message.
   * @throws GatewayError 401 `invalid_siwe_message`, `invalid_siwe_signature` or `siwe_nonce_used`; 503
   * `cannot_verify_signature` where the wallet is a contract and its chain cannot be asked: the message can be sent again.
   */
  verify(signed: SignedText, from: Omit<Actor, 'id'>): Promise<Session & { token: string }>
  findSession(token: string): Promise<Session | undefined>
  /** What it was; undefined where it had ended before. */
  endSession(token: string, actor: Actor): Promise<Session | undefined>
}

type SignedText = { message: string; signature: Hex }

export type SignInDeps = {
  database: Pick<Database, 'db'>
  /** Where callers reach the gateway, which may be known only once it listens. */
  publicUrl: () => string
  chainIds: readonly number[]
  sessionMs: number
  /** By ERC-1271 or ERC-6492. */
  verifyContractSignature: (signed: ContractSigned) => Promise<boolean>
}

type ContractSigned = {
  chainId: number
  address: Address
  message: string
  signature: Hex
}

export function createSignIn({
  database: { db },
  publicUrl,
  chainIds,
  sessionMs,
  verifyContractSignature,
}: SignInDeps): SignIn {
  const place = () => ({ publicUrl: publicUrl(), chainIds })
  const isSigned = async (message: SignInMessage, { signature }: SignedText) => {
    const { address, chainId, text } = message
    if (await isSignedByKey(message, signature)) return true
    return verifyContractSignature({ chainId, address, message: text, signature })
  }
  return {
    place,
    ...withStoreErrors({
      issueNonce: () => issueNonce(db),
      async verify(signed: SignedText, from: Omit<Actor, 'id'>) {
        const message = parseSignInMessage(signed.message, place())
        if (BigInt(message.address) === 0n) throw invalidSignature() // what recovers no key recovers this
        const taken = await takeNonce(db, message)
        const isValid = await isSigned(message, signed).catch(async (error: unknown) => {
          if (error instanceof GatewayError && error.status === 503) await returnNonce(db, taken)
          throw error
        })
        if (!isValid) throw invalidSignature()
        const wallet = message.address.toLowerCase()
        const { chainId } = message
        return createSession(db, { wallet, chainId, lifetimeMs: sessionMs }, { ...from, id: wallet })
      },
      findSession: (token: string) => findSession(db, token),
      endSession: (token: string, actor: Actor) => endSession(db, token, actor),
    }),
  }
}

async function isSignedByKey({ address, text }: SignInMessage, signature: Hex): Promise<boolean> {
  if (signature.length !== KEY_SIGNATURE_CHARS) return false
  try {
    return (await recoverMessageAddress({ message: text, signature })) === address
  } catch {
    return false
  }
}

/** `0x`, and r, s and v in hex. */
const KEY_SIGNATURE_CHARS = 2 + 2 * 65
