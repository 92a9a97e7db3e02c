import type { Actor } from '../actor.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { createOrg, type NewOrg } from '../orgs/create-org.ts'
import type { Org } from '../orgs/org.ts'
import { expectAccount } from './expect-account.ts'

/** An org whose first owner is another. */
export function createOrgFor(db: LedgerDb, { owner, ...org }: NewOrg, actor: Actor): Promise<Org> {
  return atomically(db, async (tx) => createOrg(tx, { ...org, owner: await expectAccount(tx, owner) }, actor))
}
