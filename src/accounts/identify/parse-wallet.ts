import { unauthorized } from '../../errors.ts'
import { toWallet } from '../to-wallet.ts'

/**
 * The wallet of `x-wallet-address` in lower case; undefined where the header is unset or empty.
 * @throws {@link GatewayError} 401 `invalid_wallet_address`.
 */
export function parseWallet(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  const wallet = toWallet(text)
  if (wallet !== undefined) return wallet
  throw unauthorized(
    'invalid_wallet_address',
    "Invalid 'x-wallet-address': expected 0x and 40 hexadecimal digits, with a valid EIP-55 checksum where the case is mixed.",
  )
}
