import { randomUUID } from 'node:crypto'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import type { HoldOrder, Ledger, RunDone } from '../../src/accounts/ledger.ts'
import { createBillDesk } from '../../src/accounts/usage/create-bill-desk.ts'
import { ownAccountRoutes } from '../../src/http/accounts/own-account-routes.ts'
import type { TopUpWays } from '../../src/http/accounts/top-up-ways.ts'
import { usageRoutes } from '../../src/http/usage/usage-routes.ts'
import { type IdentityDesk, startIdentityDesk } from './identity-desk.ts'
import { holdOrder, runDone } from './ledger-orders.ts'

export type BillDeskOnTheWire = IdentityDesk & {
  ledger: Ledger
  grant(account: string, amount: bigint, note?: string): Promise<void>
  /** Of a run that costs a micro-credit a token: 10 tokens in, 20 out. @returns its id. */
  run(order: Partial<HoldOrder>, done?: Partial<RunDone>): Promise<string>
  /** A run that has not ended. @returns its id. */
  hold(order: Partial<HoldOrder>): Promise<string>
}

/** Who asks, and the routes on what they have and have used, on a real socket over a real store. */
export async function startBillDesk({
  freeMode = false,
  topUpWays = { x402: false, deposit: null },
}: {
  freeMode?: boolean
  topUpWays?: TopUpWays
} = {}): Promise<BillDeskOnTheWire> {
  const desk = await startIdentityDesk({
    freeMode,
    routes({ database, authenticate }) {
      const deps = { bill: createBillDesk(database), authenticate }
      return [ownAccountRoutes({ ...deps, freeMode, topUpWays }), usageRoutes(deps)]
    },
  })
  const ledger = createLedger(desk)
  const hold = async (order: Partial<HoldOrder>) => {
    const { runId } = await ledger.hold(
      holdOrder({ runId: `run_${randomUUID().replaceAll('-', '').slice(0, 24)}`, ...order }),
    )
    return runId
  }
  return {
    ...desk,
    ledger,
    async grant(account, amount, note) {
      await ledger.topUp({ kind: 'grant', ref: randomUUID(), account, amount, note })
    },
    hold,
    async run(order, done = {}) {
      const runId = await hold(order)
      await ledger.settle(runId, runDone(done))
      return runId
    },
  }
}
