import { newId } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { openAccount } from '../ledger/open-account.ts'

/** An account for who has no wallet. Returns its id. */
export function createAccount(db: LedgerDb, { name }: { name: string }, actor: Actor): Promise<string> {
  const id = newId('acct')
  return atomically(db, async (tx) => {
    await openAccount(tx, { id, kind: 'account', name })
    await appendAudit(tx, { actor, action: 'account.created', subject: id, details: { name } })
    return id
  })
}
