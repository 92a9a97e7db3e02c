import type { Granted } from '../../accounts/admin/grant-credits.ts'
import type { AccountRecord } from '../../accounts/admin/list-accounts.ts'
import { toCreditText } from '../../accounts/credits.ts'
import { toSeconds } from '../../to-seconds.ts'
import { toWireBalance, type WireBalance } from '../wire-balance.ts'

export type WireAccount = WireBalance & {
  id: string
  object: 'account'
  kind: AccountRecord['kind']
  name: string | null
  created_at: number
}

export function toWireAccount({ id, kind, name, balance, held, createdAtMs }: AccountRecord): WireAccount {
  return {
    id,
    object: 'account',
    kind,
    name,
    ...toWireBalance({ balance, held }),
    created_at: toSeconds(createdAtMs),
  }
}

/** A grant or a correction. Amounts are exact decimal texts of credits. */
export type WireGranted = {
  id: string
  object: 'grant' | 'correction'
  account: string
  amount: string
  /** Of the account, after it. */
  balance: string
  /** Whether it was there before. */
  repeated: boolean
}

export function toWireGranted(
  object: WireGranted['object'],
  { ref, account, amount, balance, isNew }: Granted,
): WireGranted {
  return { id: ref, object, account, amount: toCreditText(amount), balance: toCreditText(balance), repeated: !isNew }
}
