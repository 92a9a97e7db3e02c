import { randomUUID } from 'node:crypto'
import { conflict, type GatewayError } from '../../errors.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { toCreditText } from '../credits.ts'
import { InsufficientCreditsError } from '../insufficient-credits-error.ts'
import { HOUSE } from '../ledger/house.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { moveCredits } from '../ledger/top-up.ts'
import type { Granted } from './grant-credits.ts'
import { resolveAccount } from './resolve-account.ts'

export type Correction = { account: string; amount: bigint; note: string }

/**
 * Takes credits back: at most those that are not held.
 * @throws {@link GatewayError} 404 `account_not_found`; 409 `insufficient_credits`.
 */
export async function correctCredits(
  db: LedgerDb,
  { amount, note, ...correction }: Correction,
  actor: Actor,
): Promise<Granted> {
  const { id: account, kind } = resolveAccount(correction.account)
  const ref = randomUUID()
  try {
    return await atomically(db, async (tx) => {
      const move = { kind: 'correction', ref, from: account, to: HOUSE.correction, amount, note } as const
      const posting = await moveCredits(tx, move)
      await appendAudit(tx, {
        actor,
        action: 'credits.corrected',
        subject: account,
        orgId: kind === 'org' ? account : undefined,
        details: { id: ref, amount, balance: posting.balance, note },
      })
      return { ...posting, account, ref }
    })
  } catch (error) {
    if (error instanceof InsufficientCreditsError) throw tooMuch(error)
    throw error
  }
}

/** A 402 would ask the operator to pay. */
function tooMuch({ needed, available }: InsufficientCreditsError): GatewayError {
  return conflict(
    'insufficient_credits',
    `The account has ${toCreditText(available)} credits that are not held: ${toCreditText(needed)} cannot be taken back.`,
    { param: 'amount' },
  )
}
