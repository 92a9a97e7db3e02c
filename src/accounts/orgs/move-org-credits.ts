import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { GatewayError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { moveCredits } from '../ledger/top-up.ts'
import type { Posting } from '../ledger.ts'
import { changeOrg, type OrgChange } from './change-org.ts'

/** `by` gives to the org, or gets from it. */
export type OrgMove = OrgChange & {
  amount: bigint
  /** The caller's own, so that it happens once however often it is asked for. */
  id?: string | undefined
}

/** From the account of a member to the org. @throws {@link moveCredits}; 422 `idempotency_key_reused`. */
export function moveToOrg(db: Kysely<Tables>, move: OrgMove, actor: Actor): Promise<Posting> {
  return moveOrgCredits(db, { ...move, direction: 'in' }, actor)
}

/** As {@link moveToOrg}, back to an owner. */
export function moveFromOrg(db: Kysely<Tables>, move: OrgMove, actor: Actor): Promise<Posting> {
  return moveOrgCredits(db, { ...move, direction: 'out' }, actor)
}

type Direction = 'in' | 'out'

const LEAST = { in: 'member', out: 'owner' } as const

async function moveOrgCredits(
  db: Kysely<Tables>,
  { org, by, direction, amount, id = randomUUID() }: OrgMove & { direction: Direction },
  actor: Actor,
): Promise<Posting> {
  return changeOrg(db, { org, by, least: LEAST[direction] }, async (tx, { id: orgId }) => {
    const [from, to] = direction === 'in' ? [by, orgId] : [orgId, by]
    // Its parts are the mover's own: nobody can take the id of another.
    const posting = await moveCredits(tx, { kind: 'move', ref: `${from}>${to}:${id}`, from, to, amount })
    if (posting.amount !== amount) throw idReused()
    if (posting.isNew) {
      const details = { direction, amount, transfer: posting.id }
      await appendAudit(tx, { actor, action: 'org.credits_moved', subject: orgId, orgId, details })
    }
    return posting
  })
}

function idReused(): GatewayError {
  return new GatewayError('This id was used for another amount before. Use a new id for a new movement.', {
    status: 422,
    code: 'idempotency_key_reused',
    param: 'id',
  })
}
