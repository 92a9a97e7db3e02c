import { createBatches } from '../../db/create-batches.ts'
import { toStoreError } from '../../db/store-error.ts'
import type { HoldOrder, RunDone, Settlement } from '../ledger.ts'
import { type Closing, closeHolds, toBill } from './close-holds.ts'
import type { FoundHold } from './find-hold.ts'
import { holdCredits } from './hold-credits.ts'
import type { LedgerDb } from './ledger-db.ts'
import { placeHolds } from './place-holds.ts'
import { settleHold } from './settle-hold.ts'

/** Holds and settlements of the runs of one process, many at once where many come. */
export type RunTill = {
  /** As the ledger's `hold`. */
  hold(order: HoldOrder): Promise<FoundHold>
  /** As the ledger's `settle`. */
  settle(hold: FoundHold, done: RunDone): Promise<Settlement | undefined>
}

export function createRunTill(db: LedgerDb): RunTill {
  const placeOne = createBatches(
    (orders: readonly HoldOrder[]) => placeHolds(db, orders),
    (order) => holdCredits(db, order), // which also tells why not
  )
  const closeOne = createBatches<Closing, Settlement | undefined>(
    (closings) => closeHolds(db, closings),
    ({ hold, done }) => settleHold(db, hold, done),
  )
  return {
    hold: (order) =>
      told(order.payers.length === 1 && order.ceilings.length === 0 ? placeOne(order) : holdCredits(db, order)),
    settle(hold, done) {
      const { charge } = toBill({ hold, done })
      const isPlain = hold.counters.length === 0 && charge <= hold.amount
      return told(isPlain ? closeOne({ hold, done }) : settleHold(db, hold, done))
    },
  }
}

async function told<Result>(asking: Promise<Result>): Promise<Result> {
  try {
    return await asking
  } catch (error) {
    throw toStoreError(error)
  }
}
