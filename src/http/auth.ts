import { hash } from 'node:crypto'
import type { RequestHandler, Response } from 'express'
import { isAddress } from 'viem/utils'
import { GatewayError } from '../errors.ts'

/** Free mode: a wallet address or any key names the caller, and neither is proof of anything. */
export const authenticate: RequestHandler = (req, res, next) => {
  try {
    res.locals.note.caller = parseCaller(req.get('x-wallet-address'), req.get('authorization'))
  } catch (error) {
    if (error instanceof GatewayError && error.status === 401) res.setHeader('www-authenticate', 'Bearer')
    throw error
  }
  next()
}

/** Whom {@link authenticate} has found; '' on a route that asks nobody. */
export function callerOf(res: Response): string {
  return res.locals.note.caller ?? ''
}

/**
 * The wallet in lower case, or `key_` and the start of the key's SHA-256: fit for a log.
 * @throws {@link GatewayError} 401 `missing_wallet_address`, or `invalid_wallet_address` where it is malformed.
 */
function parseCaller(wallet: string | undefined, authorization: string | undefined): string {
  if (wallet !== undefined && wallet !== '') {
    if (isWallet(wallet)) return wallet.toLowerCase()
    throw unauthorized(
      'invalid_wallet_address',
      "Invalid 'x-wallet-address': expected 0x and 40 hexadecimal digits, with a valid EIP-55 checksum where the case is mixed.",
    )
  }
  const key = BEARER.exec(authorization ?? '')?.[1]
  if (key !== undefined) return `key_${hash('sha256', key).slice(0, 12)}`
  throw unauthorized(
    'missing_wallet_address',
    "Missing wallet address or API key. Send the header 'x-wallet-address: 0x…' or 'Authorization: Bearer <key>'.",
  )
}

const unauthorized = (code: string, message: string) =>
  new GatewayError(message, { status: 401, code, type: 'authentication_error' })

const BEARER = /^bearer +(\S.*)$/i

function isWallet(text: string): boolean {
  const digits = text.slice(2)
  // EIP-55 speaks in mixed case alone: one case throughout carries no checksum.
  const strict = digits !== digits.toLowerCase() && digits !== digits.toUpperCase()
  return isAddress(text, { strict })
}
