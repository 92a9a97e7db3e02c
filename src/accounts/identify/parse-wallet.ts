import { isAddress } from 'viem/utils'
import { unauthorized } from './refusals.ts'

/**
 * The wallet of `x-wallet-address` in lower case; undefined where the header is unset or empty.
 * @throws {@link GatewayError} 401 `invalid_wallet_address`.
 */
export function parseWallet(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  if (isWallet(text)) return text.toLowerCase()
  throw unauthorized(
    'invalid_wallet_address',
    "Invalid 'x-wallet-address': expected 0x and 40 hexadecimal digits, with a valid EIP-55 checksum where the case is mixed.",
  )
}

function isWallet(text: string): boolean {
  const digits = text.slice(2)
  // EIP-55 speaks in mixed case alone: one case throughout carries no checksum.
  const strict = digits !== digits.toLowerCase() && digits !== digits.toUpperCase()
  return isAddress(text, { strict })
}
