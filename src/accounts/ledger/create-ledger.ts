import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Ledger } from '../ledger.ts'
import { closeLost, type RecordOf } from './close-lost.ts'
import { extendHold } from './extend-hold.ts'
import { findHold } from './find-hold.ts'
import { holdCredits } from './hold-credits.ts'
import { openAccount } from './open-account.ts'
import { readBalance } from './read-account.ts'
import { settleHold } from './settle-hold.ts'
import { moveCredits, topUp } from './top-up.ts'

export type LedgerDeps = {
  database: Pick<Database, 'db'>
  /** Default: nothing is recorded of any run. */
  recordOf?: RecordOf
}

export function createLedger({ database: { db }, recordOf = async () => undefined }: LedgerDeps): Ledger {
  return withStoreErrors({
    hold: (order) => holdCredits(db, order),
    async extend(runId, amount) {
      const hold = await findHold(db, runId)
      return hold !== undefined && extendHold(db, hold, amount)
    },
    async settle(runId, done) {
      const hold = await findHold(db, runId)
      return hold && settleHold(db, hold, done)
    },
    findHold: (runId) => findHold(db, runId),
    openAccount: (account) => openAccount(db, account),
    balance: (account) => readBalance(db, account),
    topUp: (order) => topUp(db, order),
    move: (order) => moveCredits(db, order),
    closeLost: () => closeLost(db, recordOf),
  } satisfies Ledger)
}
