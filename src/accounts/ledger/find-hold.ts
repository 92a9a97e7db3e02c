import { sql } from 'kysely'
import type { Hold } from '../ledger.ts'
import { fromStoredTerms, type StoredTerms } from '../price.ts'
import type { Counter } from './counters.ts'
import type { LedgerDb } from './ledger-db.ts'

export type FoundHold = Hold & { counters: readonly Counter[] }

/** That of a run that has not been closed. @param lock - keeps it so to the end of the transaction. */
export async function findHold(
  db: LedgerDb,
  runId: string,
  { lock }: { lock?: 'wait' | 'skip' } = {},
): Promise<FoundHold | undefined> {
  const locking = { wait: sql`for update`, skip: sql`for update skip locked` }
  const { rows } = await sql<HoldRow>`
    select run_id as "runId", account, amount::text, caller, key_id as "keyId", org_id as "orgId", model, terms, counters
    from holds where run_id = ${runId} and state = 'open' ${lock === undefined ? sql`` : locking[lock]}`.execute(db)
  const [row] = rows
  return row === undefined ? undefined : { ...row, amount: BigInt(row.amount), terms: fromStoredTerms(row.terms) }
}

type HoldRow = Omit<FoundHold, 'amount' | 'terms'> & { amount: string; terms: StoredTerms }
