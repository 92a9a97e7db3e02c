import type { Kysely } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { checkKeys, checkRefusals } from './check-answers.ts'
import { checkBills, checkFaults } from './check-bills.ts'
import { checkAvailable, checkBalances, checkHeld, checkTransfers } from './check-books.ts'
import { checkOverdue, checkResolutions, checkSettled } from './check-holds.ts'
import { checkPayments } from './check-payments.ts'
import { checkDurability, checkGuards } from './check-server.ts'
import type { Check, Findings } from './findings.ts'

/** What is known of one invariant of the ledger. `violations` has the first 20 of those that were `found`. */
export type InvariantReport = Findings & { id: string; title: string }

/**
 * Looks for what must not be, in one snapshot of the store, or in the transaction that `db` is: the gateway may go on meanwhile.
 * It writes nothing, and reads all that there is of money.
 */
export function verifyLedger(db: Kysely<Tables>): Promise<InvariantReport[]> {
  if (db.isTransaction) return inspect(db)
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(inspect)
}

async function inspect(tx: Kysely<Tables>): Promise<InvariantReport[]> {
  const reports: InvariantReport[] = []
  for (const [id, title, check] of INVARIANTS) reports.push({ id, title, ...(await check(tx)) })
  return reports
}

const INVARIANTS: readonly (readonly [id: string, title: string, check: Check])[] = [
  ['I1', 'the entries of each transfer sum to zero', checkTransfers],
  ['I2', 'a balance is the sum of its entries', checkBalances],
  ['I3', 'what is held is the sum of open holds', checkHeld],
  ['I4', 'nobody has less than nothing', checkAvailable],
  ['I5', 'a hold is closed once, a run charged once', checkResolutions],
  ['I6', 'no run is charged more than it holds', checkSettled],
  ['I7', 'what is acknowledged survives a crash', checkDurability],
  ['I8', 'entries and closed holds never change', checkGuards],
  ['I9', 'no hold is open 2 minutes past its deadline', checkOverdue],
  ['I10', 'without a ledger no model is called', checkRefusals],
  ['I11', 'an idempotency key leads to one run', checkKeys],
  ['I12', 'our faults are free, the rest is charged', checkFaults],
  ['I13', 'usage shown is usage charged', checkBills],
  ['I14', 'each payment is credited once', checkPayments],
]
