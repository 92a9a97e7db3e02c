import { GatewayError } from '../../errors.ts'
import { accountKind } from '../account-id.ts'
import type { AccountKind } from '../ledger.ts'
import { toWallet } from '../to-wallet.ts'

/**
 * The account that an operator names: a wallet in any case, `org_…` or `acct_…`.
 * @throws {@link GatewayError} 400 where the text names none: of a wallet in mixed case the checksum is checked.
 */
export function resolveAccount(text: string): { id: string; kind: AccountKind } {
  const id = toWallet(text) ?? text
  const kind = accountKind(id)
  if (kind !== undefined) return { id, kind }
  throw new GatewayError(
    `'${text.slice(0, 64)}' names no account. Expected a wallet (0x and 40 hexadecimal digits), 'org_…' or 'acct_…'.`,
    { status: 400, code: 'invalid_account', param: 'account' },
  )
}
