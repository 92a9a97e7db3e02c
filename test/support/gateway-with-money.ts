import { onTestFinished } from 'vitest'
import { newId } from '../../src/accounts/account-id.ts'
import type { Actor } from '../../src/accounts/actor.ts'
import type { Scopes } from '../../src/accounts/identity.ts'
import { createKey } from '../../src/accounts/keys/create-key.ts'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import type { Ledger } from '../../src/accounts/ledger.ts'
import { verifyLedger } from '../../src/accounts/verify/verify-ledger.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Database } from '../../src/db/database.ts'
import { type WholeGateway, wholeGateway } from './whole-gateway.ts'

export type GatewayWithMoney = WholeGateway & {
  database: Database
  ledger: Ledger
  /** A key of a new account with so many micro-credits. */
  newKey(options?: { credits?: bigint; scopes?: Scopes; account?: string }): Promise<FundedKey>
  /** One line for each fault in the ledger. */
  brokenInvariants(): Promise<string[]>
}

export type FundedKey = { id: string; account: string; secret: string; headers: { authorization: string } }

/** All parts as shipped, in paid mode. It closes when the test does. */
export async function gatewayWithMoney(env: Record<string, string>): Promise<GatewayWithMoney> {
  const gateway = await wholeGateway({ FREE_MODE: '0', ...env })
  const database = connectDatabase({ connectionString: gateway.databaseUrl, advice: 'the test server is gone' })
  onTestFinished(async () => {
    await database.close()
    await gateway.close()
  })
  const ledger = createLedger({ database })
  return {
    ...gateway,
    database,
    ledger,
    async newKey({ credits = 0n, scopes = {}, account = newId('acct') } = {}) {
      const { key, secret } = await createKey(database.db, { name: 'test', account, scopes }, SHELL)
      if (credits > 0n) await ledger.topUp({ kind: 'grant', ref: crypto.randomUUID(), account, amount: credits })
      return { id: key.id, account, secret, headers: { authorization: `Bearer ${secret}` } }
    },
    async brokenInvariants() {
      const reports = await verifyLedger(database.db)
      // The server of all specs does not wait for its disk.
      return reports
        .filter(({ id }) => id !== 'I7')
        .flatMap(({ id, violations }) => violations.map((violation) => `${id}: ${violation}`))
    },
  }
}

const SHELL: Actor = { id: 'admin', via: 'cli' }
