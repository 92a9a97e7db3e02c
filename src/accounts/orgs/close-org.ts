import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { BadRequestError, conflict, type GatewayError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { toCreditText } from '../credits.ts'
import { readBalance } from '../ledger/read-account.ts'
import { moveCredits } from '../ledger/top-up.ts'
import { changeOrg, type OrgChange } from './change-org.ts'
import { findRole } from './members.ts'
import { revokeInvitations } from './revoke-invitations.ts'

/**
 * By an owner, for good. Invitations end, and so do keys that are the org's own.
 * @param order.moveTo - the account of an owner, which gets what is left.
 * @throws 409 `balance_left` where something is left and nobody is named to get it; 409 `org_in_use` while it pays for runs.
 */
export async function closeOrg(
  db: Kysely<Tables>,
  { moveTo, ...change }: OrgChange & { moveTo?: string | undefined },
  actor: Actor,
): Promise<{ id: string }> {
  return changeOrg(db, { ...change, least: 'owner' }, async (tx, { id, slug }) => {
    if (moveTo !== undefined && (await findRole(tx, id, moveTo)) !== 'owner') throw notAnOwner()
    // Whoever holds or gives meanwhile waits, and finds a closed org.
    await sql`select from accounts where id = ${id} for update`.execute(tx)
    const { balance, available } = (await readBalance(tx, id)) ?? { balance: 0n, available: 0n }
    if (balance > available) throw inUse()
    if (balance > 0n && moveTo === undefined) throw balanceLeft(balance)
    if (balance > 0n && moveTo !== undefined) {
      await moveCredits(tx, { kind: 'move', ref: `close:${id}`, from: id, to: moveTo, amount: balance })
    }
    if (await isInUse(tx, id)) throw inUse()
    await sql`update orgs set closed_at = clock_timestamp() where id = ${id}`.execute(tx)
    await revokeInvitations(tx, { orgId: id }, actor)
    await revokeKeys(tx, id, actor)
    const details = { slug, ...(balance > 0n && { moved: balance, to: moveTo }) }
    await appendAudit(tx, { actor, action: 'org.closed', subject: id, orgId: id, details })
    return { id }
  })
}

/** From here on nothing is held of it, or given to it, before it is closed. */
async function isInUse(tx: Kysely<Tables>, id: string): Promise<boolean> {
  const account = await sql<{ isEmpty: boolean }>`
    select balance = 0 and held = 0 as "isEmpty" from accounts where id = ${id} for update`.execute(tx)
  if (account.rows[0]?.isEmpty !== true) return true
  const holds = await sql`select 1 from holds where account = ${id} and state = 'open' limit 1`.execute(tx)
  return holds.rows.length > 0
}

async function revokeKeys(tx: Kysely<Tables>, id: string, actor: Actor): Promise<void> {
  const { rows } = await sql<{ key: string }>`
    update api_keys set revoked_at = clock_timestamp() where account = ${id} and revoked_at is null
    returning id as key`.execute(tx)
  for (const { key } of rows) await appendAudit(tx, { actor, action: 'key.revoked', subject: key, orgId: id })
}

function notAnOwner(): BadRequestError {
  return new BadRequestError("Invalid 'move_to': expected the account of an owner of the org.", {
    param: 'move_to',
    code: 'invalid_value',
  })
}

function balanceLeft(balance: bigint): GatewayError {
  const left = toCreditText(balance)
  return conflict(
    'balance_left',
    `The org has ${left} credits left. Say who gets them: 'move_to', the account of an owner.`,
    { param: 'move_to', details: { balance: left } },
  )
}

function inUse(): GatewayError {
  return conflict('org_in_use', 'The org pays for runs that have not ended. Wait for their end, or cancel them.')
}
