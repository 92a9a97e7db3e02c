import { randomBytes } from 'node:crypto'
import type { Actor } from '../../src/accounts/actor.ts'
import type { Role } from '../../src/accounts/identity.ts'
import { openAccount } from '../../src/accounts/ledger/open-account.ts'
import { topUp } from '../../src/accounts/ledger/top-up.ts'
import { createOrg } from '../../src/accounts/orgs/create-org.ts'
import type { Database } from '../../src/db/database.ts'

type Db = Database['db']

export const ACTOR: Actor = { id: 'admin', via: 'cli' }

/** A wallet that nobody has seen before. */
export const newWallet = (): string => `0x${randomBytes(20).toString('hex')}`
export const newSlug = (): string => `s-${randomBytes(8).toString('hex')}`

/** A wallet with an account, and credits in it. */
export async function openWallet(db: Db, { credits = 0n }: { credits?: bigint } = {}): Promise<string> {
  const id = newWallet()
  await openAccount(db, { id, kind: 'wallet' })
  if (credits > 0n) await topUp(db, { kind: 'grant', ref: id, account: id, amount: credits * 1_000_000n })
  return id
}

/** A new org of `owner`; `also` become members as they are, with no invitation. */
export async function startOrg(
  db: Db,
  { owner, also = [], credits = 0n }: { owner: string; also?: readonly (readonly [string, Role])[]; credits?: bigint },
): Promise<{ id: string; slug: string }> {
  const { id, slug } = await createOrg(db, { slug: newSlug(), name: 'Acme', owner }, ACTOR)
  if (also.length > 0) {
    const accounts = also.map(([account]) => ({ id: account, kind: 'wallet' as const, name: null }))
    await db
      .insertInto('accounts')
      .values(accounts)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const members = also.map(([account, role]) => ({ org_id: id, account, role }))
    await db.insertInto('org_members').values(members).execute()
  }
  if (credits > 0n) await topUp(db, { kind: 'grant', ref: id, account: id, amount: credits * 1_000_000n })
  return { id, slug }
}

/** Of an org, oldest first. */
export async function auditedActions(db: Db, orgId: string): Promise<readonly string[]> {
  const rows = await db.selectFrom('audit_log').select('action').where('org_id', '=', orgId).orderBy('at').execute()
  return rows.map(({ action }) => action)
}
