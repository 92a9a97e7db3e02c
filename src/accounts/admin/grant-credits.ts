import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { isOutOfRange, isUniqueViolation } from '../../db/store-error.ts'
import { BadRequestError, conflict, GatewayError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { openAccount } from '../ledger/open-account.ts'
import { topUp } from '../ledger/top-up.ts'
import type { Posting } from '../ledger.ts'
import { resolveAccount } from './resolve-account.ts'

/** `id` makes the same grant, sent twice, one. Without one each is a grant of its own. */
export type Grant = { account: string; amount: bigint; id?: string | undefined; note?: string | undefined }

/** A grant or a correction as it stands in the ledger. */
export type Granted = Posting & { account: string; ref: string }

/**
 * Credits from nowhere. A wallet that is not known yet gets its account.
 * @throws {@link GatewayError} 400 where the account cannot hold as much; 404 `account_not_found`; 409 `org_closed`; 422 where the id was used for another grant.
 */
export async function grantCredits(
  db: LedgerDb,
  { amount, id: ref = randomUUID(), note, ...grant }: Grant,
  actor: Actor,
): Promise<Granted> {
  const { id: account, kind } = resolveAccount(grant.account)
  try {
    return await atomically(db, async (tx) => {
      if (kind === 'wallet') await openAccount(tx, { id: account, kind })
      if (kind === 'org') await throwIfClosed(tx, account)
      const posting = await topUp(tx, { kind: 'grant', ref, account, amount, note })
      if (posting.isNew) {
        await appendAudit(tx, {
          actor,
          action: 'credits.granted',
          subject: account,
          orgId: kind === 'org' ? account : undefined,
          details: { id: ref, amount, balance: posting.balance, note },
        })
      } else await throwIfOther(tx, { ref, account, amount })
      return { ...posting, account, ref }
    })
  } catch (error) {
    if (isUniqueViolation(error, 'once_per_ref')) throw reused(ref) // for another account, a moment ago
    if (isOutOfRange(error)) throw tooMuch()
    throw error
  }
}

/** Nobody could spend them. */
async function throwIfClosed(tx: LedgerDb, org: string): Promise<void> {
  const { rows } = await sql`select from orgs where id = ${org} and closed_at is not null for share`.execute(tx)
  if (rows.length > 0) throw conflict('org_closed', 'The org is closed: nobody could spend them.')
}

async function throwIfOther(
  tx: LedgerDb,
  { ref, account, amount }: { ref: string; account: string; amount: bigint },
): Promise<void> {
  const { rows } = await sql`
    select from ledger_transfers
    where kind = 'grant' and ref = ${ref} and credit = ${account} and amount = ${amount}::bigint`.execute(tx)
  if (rows.length === 0) throw reused(ref)
}

function tooMuch(): GatewayError {
  return new BadRequestError('The account cannot hold as many credits as it would have then. Grant less.', {
    param: 'amount',
    code: 'invalid_value',
  })
}

function reused(ref: string): GatewayError {
  return new GatewayError(`The id '${ref.slice(0, 64)}' was used for another grant. Use a new id for a new grant.`, {
    status: 422,
    code: 'idempotency_key_reused',
    param: 'id',
  })
}
