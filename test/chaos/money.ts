import { createHash } from 'node:crypto'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import { price } from '../../src/accounts/price.ts'
import { type InvariantReport, verifyLedger } from '../../src/accounts/verify/verify-ledger.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Json } from './caller.ts'
import { CALLERS } from './plan.ts'
import type { Store } from './store.ts'

/** A micro-credit for a prompt token, four for one of the answer, a tenth of a cent for each run. */
export const PRICE = 'prompt=1000000,completion=4000000,run=1000'
const TERMS = {
  rates: { promptPerMillion: 1_000_000n, completionPerMillion: 4_000_000n, perRun: 1_000n },
  toolPrices: {},
}
const CREDITS = 1_000_000_000n

/** Of a caller's key. */
export const toSecret = (caller: string): string => `gw_${caller.padEnd(43, 'x')}`

/** A key and an account for each caller. */
export async function fundCallers(url: string): Promise<void> {
  await withDatabase(url, async (database) => {
    const ledger = createLedger({ database })
    for (const caller of CALLERS) {
      const account = toAccount(caller)
      await ledger.openAccount({ id: account, kind: 'account' })
      await ledger.topUp({ kind: 'grant', ref: caller, account, amount: CREDITS })
      const hash = createHash('sha256').update(toSecret(caller)).digest('hex')
      await database.db
        .insertInto('api_keys')
        .values({ id: toKeyId(caller), hash, hint: 'gw_…', name: caller, account, scopes: '{}', created_by: 'chaos' })
        .execute()
    }
  })
}

/** What the invariants say. The server of chaos does not wait for its disk: I7 is not about it. */
export function verifyMoney(url: string): Promise<InvariantReport[]> {
  return withDatabase(url, async ({ db }) => (await verifyLedger(db)).filter(({ id }) => id !== 'I7'))
}

/** Each run that completed is charged what its answer shows, and no credits are held for one that has ended. */
export async function billFaults(store: Store): Promise<{ runId: string; text: string }[]> {
  const rows = await store.rows<{ id: string; outcome: Json; amount: string | null }>(
    `select id, runs.outcome, amount::text from runs left join run_usage on run_id = id where state = 'completed'`,
  )
  const open = await store.rows<{ run_id: string }>(`select run_id from holds where state = 'open'`)
  return [
    ...rows.flatMap(({ id, outcome, amount }) => {
      const owed = price({ usage: outcome.usage, tools: {} }, TERMS)
      return amount === String(owed) ? [] : [{ runId: id, text: `was charged ${amount}, and owes ${owed}` }]
    }),
    ...open.map(({ run_id: runId }) => ({ runId, text: 'has credits held for it still' })),
  ]
}

const toAccount = (caller: string) => `acct_${caller.replace('-', '').padEnd(16, '0')}`
const toKeyId = (caller: string) => `key_${caller.replace('-', '').padEnd(16, '0')}`

async function withDatabase<Result>(
  connectionString: string,
  work: (database: ReturnType<typeof connectDatabase>) => Promise<Result>,
): Promise<Result> {
  const database = connectDatabase({ connectionString, advice: 'the store of chaos is away' })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
