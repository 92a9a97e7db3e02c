import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import { createRunTill } from '../../src/accounts/ledger/create-run-till.ts'
import { findHold } from '../../src/accounts/ledger/find-hold.ts'
import type { Ledger } from '../../src/accounts/ledger.ts'
import type { Database } from '../../src/db/database.ts'
import { toStoreError } from '../../src/db/store-error.ts'

/** The ledger as a gateway's runs use it: holds and settlements that come at once are one statement. */
export function tillLedger(database: Database): Ledger {
  const till = createRunTill(database.db)
  return {
    ...createLedger({ database }),
    hold: till.hold,
    async settle(runId, done) {
      const hold = await findHold(database.db, runId).catch((error: unknown) => {
        throw toStoreError(error)
      })
      return hold && till.settle(hold, done)
    },
  }
}
