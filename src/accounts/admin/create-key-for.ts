import type { Actor } from '../actor.ts'
import type { Expiry } from '../expiry.ts'
import type { Scopes } from '../identity.ts'
import { createKey, type KeyWithSecret } from '../keys/create-key.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { createAccount } from './create-account.ts'
import { expectAccount } from './expect-account.ts'
import { expectOrg } from './expect-org.ts'
import { grantCredits } from './grant-credits.ts'

/** Without an account and an org the key gets an account of its own, of the key's name. */
export type KeyOrder = {
  name: string
  /** A wallet, `acct_…`: it must be there, except a wallet. */
  account?: string | undefined
  /** Id or slug of the org that is charged. Without an account the key is the org's own. */
  org?: string | undefined
  orgMode?: 'strict' | 'fallback' | undefined
  scopes?: Scopes | undefined
  expiry?: Expiry | undefined
  /** Micro-credits, for the account that the key is of. */
  grant?: bigint | undefined
}

/** All of it, or nothing. */
export function createKeyFor(db: LedgerDb, { org, grant, ...order }: KeyOrder, actor: Actor): Promise<KeyWithSecret> {
  return atomically(db, async (tx) => {
    const orgId = org === undefined ? undefined : (await expectOrg(tx, org)).id
    const account = await findOwner(tx, { ...order, orgId }, actor)
    const made = await createKey(tx, { ...order, account, orgId }, actor)
    if (grant !== undefined) await grantCredits(tx, { account, amount: grant, note: `with ${made.key.id}` }, actor)
    return made
  })
}

async function findOwner(
  tx: LedgerDb,
  { name, account, orgId }: { name: string; account?: string | undefined; orgId: string | undefined },
  actor: Actor,
): Promise<string> {
  if (account === undefined) return orgId ?? createAccount(tx, { name }, actor)
  return expectAccount(tx, account)
}
