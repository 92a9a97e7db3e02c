import { createHash } from 'node:crypto'
import type { Scopes } from '../../src/accounts/identity.ts'
import { toScopesJson } from '../../src/accounts/keys/scopes-json.ts'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import { price } from '../../src/accounts/price.ts'
import { type InvariantReport, verifyLedger } from '../../src/accounts/verify/verify-ledger.ts'
import { hashVoucherCode } from '../../src/accounts/vouchers/voucher-code.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Usage } from '../../src/messages.ts'
import type { Json } from './caller.ts'
import { CALLERS, LIMITED, POOR, type Round, type TopUpPlan } from './plan.ts'
import type { Store } from './store.ts'

/** A micro-credit for a prompt token, four for one of the answer, a tenth of a cent for each run. */
export const PRICE = 'prompt=1000000,completion=4000000,run=1000'
const TERMS = {
  rates: { promptPerMillion: 1_000_000n, completionPerMillion: 4_000_000n, perRun: 1_000n },
  toolPrices: {},
}
/** What callers have at first, by micro-credits, and what their keys are confined to. */
const PURSES: Record<string, { credits: bigint; scopes: Scopes }> = {
  [POOR]: { credits: 40_000n, scopes: {} },
  [LIMITED]: { credits: 1_000_000_000n, scopes: { concurrentRuns: 3, creditsPerDay: 75_000n } },
}
const RICH = { credits: 1_000_000_000n, scopes: {} }

/** What a voucher or a grant brings. */
export const TOP_UP = 3_000n
export const ADMIN_KEY = 'the-admin-of-chaos-has-this-key'

/** Of a caller's key. */
export const toSecret = (caller: string): string => `gw_${caller.padEnd(43, 'x')}`

/** A key and an account for each caller, and the vouchers that they are going to redeem. */
export async function fundCallers(url: string, plan: readonly Round[]): Promise<void> {
  await withDatabase(url, async (database) => {
    const ledger = createLedger({ database })
    for (const caller of CALLERS) {
      const account = toAccount(caller)
      const { credits, scopes } = PURSES[caller] ?? RICH
      await ledger.openAccount({ id: account, kind: 'account' })
      await ledger.topUp({ kind: 'grant', ref: caller, account, amount: credits })
      const hash = createHash('sha256').update(toSecret(caller)).digest('hex')
      await database.db
        .insertInto('api_keys')
        .values({
          ...{ id: toKeyId(caller), hash, hint: 'gw_…', name: caller, account, created_by: 'chaos' },
          scopes: toScopesJson(scopes),
        })
        .execute()
    }
    for (const { topUp } of plan) {
      if (topUp?.kind !== 'voucher') continue
      const hash = hashVoucherCode(topUp.name)
      await database.pool.query(
        `insert into vouchers (id, hash, hint, amount, max_uses, created_by) values ($1, $2, 'gwv_…', $3, 1, 'chaos')`,
        [toVoucherId(topUp), hash, String(TOP_UP)],
      )
    }
  })
}

/** What the invariants say. The server of chaos does not wait for its disk: I7 is not about it. */
export function verifyMoney(url: string): Promise<InvariantReport[]> {
  return withDatabase(url, async ({ db }) => (await verifyLedger(db)).filter(({ id }) => id !== 'I7'))
}

/** Each run that completed is charged what its answer shows, and no credits are held for one that has ended. */
export async function billFaults(store: Store): Promise<{ runId: string; text: string }[]> {
  const rows = await store.rows<{ id: string; outcome: Json; amount: string | null; written_off: string }>(
    `select id, runs.outcome, amount::text, written_off::text
    from runs left join run_usage on run_id = id where state = 'completed'`,
  )
  const open = await store.rows<{ run_id: string }>(`select run_id from holds where state = 'open'`)
  return [
    ...rows.flatMap(({ id, outcome, amount, written_off: lost }) => {
      const owed = owe(outcome.usage)
      return amount === String(owed) && lost === '0'
        ? []
        : [{ runId: id, text: `was charged ${amount}, and owes ${owed}` }]
    }),
    ...open.map(({ run_id: runId }) => ({ runId, text: 'has credits held for it still' })),
  ]
}

/** Of a run in place that is kept nowhere: all that is left of it. */
export type Bill = {
  runId: string
  state: string
  /** What was charged; null: there is no bill. */
  amount: string | null
  heldAtMs: number
}

export async function readBills(store: Store): Promise<Map<string, Bill>> {
  const rows = await store.rows<Bill>(
    `select holds.run_id as "runId", state, run_usage.amount::text, (extract(epoch from created_at) * 1000)::float8 as "heldAtMs"
    from holds left join run_usage using (run_id) where not exists (select from runs where id = run_id)`,
  )
  return new Map(rows.map((bill) => [bill.runId, bill]))
}

/** What an answer costs that shows this usage. */
export const owe = (usage: Usage): bigint => price({ usage, tools: {} }, TERMS)

/** How often credits came, by the name of what brought them. */
export async function readTopUps(store: Store, plans: readonly TopUpPlan[]): Promise<Map<string, readonly string[]>> {
  const rows = await store.rows<{ ref: string; credit: string }>(
    `select kind || ' ' || split_part(ref, ':', 1) as ref, credit from ledger_transfers where kind in ('voucher', 'grant')`,
  )
  return new Map(
    plans.map((plan) => {
      const ref = `${plan.kind} ${plan.kind === 'voucher' ? toVoucherId(plan) : plan.name}`
      return [plan.name, rows.filter((row) => row.ref === ref).map(({ credit }) => credit)]
    }),
  )
}

/** The time that holds have left passes at once, for those that nobody is going to close. */
export async function passDeadlines(store: Store): Promise<void> {
  await store.rows(
    `update holds set deadline = clock_timestamp() where state = 'open' and run_id not in (select id from runs)`,
  )
}

const toVoucherId = ({ name }: TopUpPlan) => `vch_${name.slice(4, 20)}`
export const toAccount = (caller: string) => `acct_${caller.replace('-', '').padEnd(16, '0')}`
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
