import { newId } from '../src/accounts/account-id.ts'
import { createKey } from '../src/accounts/keys/create-key.ts'
import { createLedger } from '../src/accounts/ledger/create-ledger.ts'
import { createRunTill, type RunTill } from '../src/accounts/ledger/create-run-till.ts'
import type { Ledger } from '../src/accounts/ledger.ts'
import { verifyLedger } from '../src/accounts/verify/verify-ledger.ts'
import { connectDatabase } from '../src/db/connect-database.ts'
import type { Child } from './child.ts'
import { type Row, times, toMs } from './figures.ts'
import { countAnswers, runLoad } from './load.ts'
import { cpuPerRequest, OPENAI_PATH, toBody } from './plain-rows.ts'
import type { Store } from './store.ts'

export type MoneyBench = {
  store: Store
  /** In front of the same stub: one in free mode, and what starts another. */
  freeGateway: Child
  proxy: Child
  startGateway(env: Record<string, string>): Promise<Child>
}

const PARALLEL = 100
const REQUESTS = 2_000
const WALLETS = 100
const ADMITTED = 50
const PRICE = 1_000n

/** What accounts cost: limits, a hold and a settlement each. */
export async function moneyRows({ store, freeGateway, proxy, startGateway }: MoneyBench): Promise<Row[]> {
  const url = await store.newDatabase()
  const gateway = await startGateway({
    DATABASE_URL: url,
    FREE_MODE: '0',
    DEFAULT_PRICE: `run=${PRICE}`,
    REQUESTS_PER_MINUTE: '1000000',
    TOKENS_PER_MINUTE: '1000000000',
    IP_REQUESTS_PER_MINUTE: '1000000',
  })
  const database = connectDatabase({ connectionString: url, advice: 'the server of the figures is gone' })
  const ledger = createLedger({ database })
  try {
    const rich = await newKey(1_000_000_000n)
    const rows: Row[] = []
    for (const stream of [false, true]) {
      const ask = { path: OPENAI_PATH, body: toBody(stream) }
      const bare = await cpuPerRequest(proxy, { path: '/api/chat', body: toBody(stream) })
      const free = await cpuPerRequest(freeGateway, ask)
      const paid = await cpuPerRequest(gateway, { ...ask, headers: rich })
      rows.push([
        `CPU per plain completion with key, limits, hold and settlement, ${stream ? 'SSE' : 'blocking'}`,
        toMs(paid),
        `${times(paid / free)} free mode (${toMs(free)}), ${times(paid / bare)} the bare proxy (${toMs(bare)})`,
      ])
    }
    rows.push(await parallelRow(rich))
    rows.push(...(await ledgerRows(ledger, createRunTill(database.db))))
    const broken = (await verifyLedger(database.db)).flatMap(({ violations }) => violations)
    if (broken.length > 0) throw new Error(`The ledger does not add up: ${broken.join('; ')}`)
    return rows
  } finally {
    await database.close()
    await gateway.stop()
  }

  async function newKey(credits: bigint): Promise<Record<string, string>> {
    const account = newId('acct')
    const { secret } = await createKey(database.db, { name: 'bench', account }, { id: 'admin', via: 'cli' })
    await ledger.topUp({ kind: 'grant', ref: account, account, amount: credits })
    return { authorization: `Bearer ${secret}` }
  }

  async function parallelRow(headers: Record<string, string>): Promise<Row> {
    const ask = { url: gateway.url, path: OPENAI_PATH, body: toBody(false) }
    const startedAt = performance.now()
    await runLoad({ ...ask, headers }, { requests: REQUESTS, concurrency: PARALLEL })
    const perSec = (REQUESTS * 1_000) / (performance.now() - startedAt)
    const short = await newKey(PRICE * BigInt(ADMITTED))
    const answers = await countAnswers({ ...ask, headers: short }, PARALLEL)
    return [
      `paid answers/s of one account, ${PARALLEL} parallel`,
      `${Math.round(perSec)}/s`,
      `with credits for ${ADMITTED}, of ${PARALLEL} at once ${answers.get(200) ?? 0} were let in, ${answers.get(402) ?? 0} heard 402`,
    ]
  }
}

async function ledgerRows(ledger: Ledger, till: RunTill): Promise<Row[]> {
  const wallets = Array.from({ length: WALLETS }, (_, i) => `0x${String(i + 1).padStart(40, '0')}`)
  for (const id of wallets) {
    await ledger.openAccount({ id, kind: 'wallet' })
    await ledger.topUp({ kind: 'grant', ref: id, account: id, amount: 1_000_000_000n })
  }
  const many = await ledgerRunsPerSec(till, wallets)
  const one = await ledgerRunsPerSec(till, wallets.slice(0, 1))
  return [
    [
      `ledger: runs held and settled, ${WALLETS} wallets`,
      `${Math.round(many)}/s`,
      `${PARALLEL} at once, which share commits`,
    ],
    ['the same, one wallet', `${Math.round(one)}/s`, `${times(one / many)} as many`],
  ]
}

async function ledgerRunsPerSec(till: RunTill, wallets: readonly string[]): Promise<number> {
  const terms = { rates: { promptPerMillion: 0n, completionPerMillion: 0n, perRun: PRICE }, toolPrices: {} }
  let next = 0
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      while (next < REQUESTS) {
        const wallet = wallets[next++ % wallets.length] ?? ''
        const runId = crypto.randomUUID()
        const hold = await till.hold({
          ...{
            runId,
            payers: [wallet],
            amount: PRICE,
            caller: wallet,
            model: 'operator',
            terms,
            ceilings: [],
            ttlMs: 60_000,
          },
        })
        const usage = { promptTokens: 100, completionTokens: 20 }
        await till.settle(hold, { usage, tools: {}, steps: 1, outcome: 'completed', isEstimated: false })
      }
    }),
  )
  return (REQUESTS * 1_000) / (performance.now() - startedAt)
}
