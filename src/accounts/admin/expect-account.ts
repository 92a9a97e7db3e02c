import { type GatewayError, notFound } from '../../errors.ts'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import { openAccount } from '../ledger/open-account.ts'
import { findAccount } from './list-accounts.ts'
import { resolveAccount } from './resolve-account.ts'

/**
 * The id of the account that an operator names; a wallet that has not been here gets its account.
 * @throws {@link GatewayError} 400 `invalid_account`; 404 `account_not_found`.
 */
export async function expectAccount(tx: LedgerDb, text: string): Promise<string> {
  const { id, kind } = resolveAccount(text)
  if (kind === 'wallet') await openAccount(tx, { id, kind })
  else if ((await findAccount(tx, id)) === undefined) throw accountNotFound(id)
  return id
}

export function accountNotFound(id: string): GatewayError {
  return notFound('account_not_found', `There is no account '${id.slice(0, 64)}'.`, { param: 'account' })
}
