import { BadRequestError, forbidden, type GatewayError, unauthorized } from '../../errors.ts'

/** Free mode, and neither a wallet nor a key. */
export function nobody(): GatewayError {
  return unauthorized(
    'missing_wallet_address',
    "Missing wallet address or API key. Send the header 'x-wallet-address: 0x…' or 'Authorization: Bearer <key>'.",
  )
}

export function missingKey(): GatewayError {
  return unauthorized(
    'missing_api_key',
    "Missing API key. Send 'Authorization: Bearer gw_…': the operator gives keys, and a wallet that signs in " +
      'at /auth/siwe/message makes its own at /v1/keys.',
  )
}

/** What is told back of it says which key was sent, and no more. */
export function wrongKey(token: string): GatewayError {
  const [shown] = /^(?:gw_|gws_|sk-)[\w-]{0,3}/.exec(token) ?? ['']
  return unauthorized(
    'invalid_api_key',
    `Incorrect API key provided: ${shown.slice(0, 6)}…. It is unknown, revoked or expired.`,
  )
}

export function walletMismatch(): GatewayError {
  return forbidden('wallet_mismatch', "The header 'x-wallet-address' names another wallet than that of the API key.")
}

export function ipNotAllowed(): GatewayError {
  return forbidden('ip_not_allowed', 'This API key may not be used from your IP address.')
}

/** An org that there is not, or is closed, is refused in the same words. */
export function orgNotAllowed(): GatewayError {
  return forbidden(
    'org_not_allowed',
    'There is no such org, or you may not name it. Leave its header out, or ask the org to add you.',
  )
}

export function bindingLost(): GatewayError {
  return forbidden(
    'org_not_allowed',
    'The org of this API key is closed, or the owner of the key is no member of it any more. Use another key.',
  )
}

export function orgsDisagree(): GatewayError {
  return new BadRequestError('The headers of your request name different orgs. Name one.', { code: 'org_conflict' })
}
