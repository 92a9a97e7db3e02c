import { accountKind } from '../account-id.ts'
import type { HoldOrder } from '../ledger.ts'
import type { FoundHold } from './find-hold.ts'

/** The hold that `order` asks for, before anything is counted for it. @param account - the one of its payers that pays. */
export function newHold(order: HoldOrder, account: string): FoundHold {
  const { runId, amount, caller, keyId = null, model, terms } = order
  const orgId = accountKind(account) === 'org' ? account : null
  return { runId, account, amount, caller, keyId, orgId, model, terms, counters: [] }
}
