import { randomUUID } from 'node:crypto'
import { x402Client } from '@x402/core/client'
import { decodePaymentRequiredHeader, decodePaymentResponseHeader, encodePaymentSignatureHeader } from '@x402/core/http'
import type { PaymentPayload, PaymentRequired, SettleResponse } from '@x402/core/types'
import { ExactEvmScheme } from '@x402/evm/exact/client'
import { wrapFetchWithPayment } from '@x402/fetch'
import { sql } from 'kysely'
import { pino } from 'pino'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { onTestFinished } from 'vitest'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import { createBareApp, toListener } from '../../src/bare-app.ts'
import type { Database } from '../../src/db/database.ts'
import { GatewayError } from '../../src/errors.ts'
import { createRequestPayments } from '../../src/http/payments/request-payments.ts'
import { x402Routes } from '../../src/http/payments/x402-routes.ts'
import { listen } from '../../src/http/transport/listen.ts'
import type { FindTransfer } from '../../src/payments/x402/find-transfer.ts'
import { createX402Desk, type X402Desk, type X402DeskDeps } from '../../src/payments/x402/x402-desk.ts'
import { testDatabase } from './database.ts'
import { logLines } from './log-lines.ts'
import { type ScriptedFacilitator, scriptedFacilitator } from './scripted-facilitator.ts'

export const PAY_TO = '0x00000000000000000000000000000000000000aa'
/** What an answer costs, in micro-credits. */
export const PRICE = 250_000n

export type X402Shop = {
  url: string
  database: Database
  facilitator: ScriptedFacilitator
  desk: X402Desk
  told: ReturnType<typeof logLines>['told']
  /** In micro-credits; undefined where there is no such account. */
  balanceOf(account: string): Promise<bigint | undefined>
  /** Transfers of payments into accounts. */
  credits(): Promise<readonly { account: string; amount: bigint }[]>
  payments(): Promise<readonly { state: string; txHash: string | null; reason: string | null; account: string }[]>
  /** Lets payments that wait for their next try have it now. */
  dueNow(): Promise<void>
  /** As `account`, without one as nobody. */
  post(path: string, body: unknown, by?: { account?: string; headers?: Record<string, string> }): Promise<Reply>
}

export type Reply = {
  status: number
  headers: Headers
  body: { error?: { message: string; type: string; code: string | null }; [field: string]: unknown }
  required: PaymentRequired | undefined
  settled: SettleResponse | undefined
}

/** Sells answers at {@link PRICE} as the gateway does: whoever names `x-test-account` has proven to be its holder. */
export async function x402Shop(
  options: Partial<Pick<X402DeskDeps, 'verifyTimeoutMs' | 'settleTimeoutMs'>> & {
    /** Whether the chain can be asked what has become of a payment. */
    hasChain?: boolean
    anonymous?: boolean
    findTransfer?: FindTransfer
  } = {},
): Promise<X402Shop> {
  const { hasChain = true, anonymous = true, ...timeouts } = options
  const database = await testDatabase()
  const facilitator = await scriptedFacilitator()
  onTestFinished(() => facilitator.close())
  const { log, told } = logLines()
  const desk = await createX402Desk({
    settings: { facilitatorUrl: facilitator.url, network: 'eip155:8453', payTo: PAY_TO },
    database,
    publicUrl: 'https://gateway.example',
    log,
    findTransfer: hasChain ? chainOf(facilitator) : undefined,
    ...timeouts,
  })
  const ledger = createLedger({ database })
  const payments = createRequestPayments({ desk, anonymous })
  const app = createBareApp({ log: pino({ level: 'silent' }) })
  app.use(
    x402Routes({
      authenticate: (req, res, next) => {
        const account = req.get('x-test-account')
        const credential = account === undefined ? 'claim' : 'key'
        res.locals.identity = {
          ...{ caller: account ?? 'nobody', credential, account, wallet: undefined, key: undefined, org: undefined },
          ...{ payers: account === undefined ? [] : [account], scopes: {} },
        }
        next()
      },
      desk,
      bill: ledger,
    }),
  )
  app.post('/v1/answers', async (req, res) => {
    const account = req.get('x-test-account')
    const payer = (await payments.take(req, res, account))?.account ?? account
    const { available = 0n } = payer === undefined ? {} : ((await ledger.balance(payer)) ?? {})
    if (payer === undefined || available < PRICE) {
      payments.offer(req, res, { needed: PRICE, available })
      throw new GatewayError('Not enough credits.', {
        status: 402,
        code: 'insufficient_credits',
        type: 'insufficient_quota',
      })
    }
    const runId = randomUUID()
    const terms = { rates: { promptPerMillion: 0n, completionPerMillion: 0n, perRun: PRICE }, toolPrices: {} }
    const run = { runId, payers: [payer], amount: PRICE, caller: payer, model: 'm', terms, ceilings: [], ttlMs: 60_000 }
    await ledger.hold(run)
    const usage = { promptTokens: 1, completionTokens: 1 }
    await ledger.settle(runId, { usage, tools: {}, steps: 1, outcome: 'completed', isEstimated: false })
    res.json({ answer: '42', payer })
  })
  const { url, close } = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))
  const { db } = database
  return {
    url,
    database,
    facilitator,
    desk,
    told,
    balanceOf: async (account) => (await ledger.balance(account))?.balance,
    async credits() {
      const { rows } = await sql<{ account: string; amount: string }>`
        select credit as account, amount::text from ledger_transfers where kind = 'x402' order by at`.execute(db)
      return rows.map(({ account, amount }) => ({ account, amount: BigInt(amount) }))
    },
    async payments() {
      const { rows } = await sql<{ state: string; txHash: string | null; reason: string | null; account: string }>`
        select state, tx_hash as "txHash", reason, account from x402_payments order by created_at`.execute(db)
      return rows
    },
    async dueNow() {
      await sql`update x402_payments set try_at = clock_timestamp() where state = 'pending'`.execute(db)
    },
    async post(path, body, { account, headers } = {}) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(account !== undefined && { 'x-test-account': account }),
          ...headers,
        },
        body: JSON.stringify(body),
      })
      return toReply(response)
    },
  }
}

export async function toReply(response: Response): Promise<Reply> {
  const required = response.headers.get('payment-required')
  const settled = response.headers.get('payment-response')
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Reply['body'],
    required: required === null ? undefined : decodePaymentRequiredHeader(required),
    settled: settled === null ? undefined : decodePaymentResponseHeader(settled),
  }
}

export type Payer = {
  /** In lower case. */
  wallet: string
  /** Of an offer, as the official client signs it. */
  sign(required: PaymentRequired | undefined): Promise<PaymentPayload>
  /** The official client's: pays where it is asked to, and sends the request again. */
  fetch: typeof fetch
}

export function payer(): Payer {
  const signer = privateKeyToAccount(generatePrivateKey())
  const client = x402Client.fromConfig({
    schemes: [{ network: 'eip155:*', client: new ExactEvmScheme(signer) }],
    spendControls: false,
  })
  return {
    wallet: signer.address.toLowerCase(),
    sign: (required) => client.createPaymentPayload(required as PaymentRequired),
    fetch: wrapFetchWithPayment(fetch, client) as typeof fetch,
  }
}

export const toHeader = (payment: unknown) => ({
  'payment-signature': encodePaymentSignatureHeader(payment as PaymentPayload),
})

const chainOf =
  ({ transfers }: ScriptedFacilitator): FindTransfer =>
  async ({ payer: from, nonce, payTo, amount }) => {
    const used = transfers.find((transfer) => transfer.payer === from && transfer.nonce === nonce)
    if (used === undefined) return { type: 'unused' }
    const isPaid = used.payTo === payTo && used.amount === amount
    return isPaid ? { type: 'found', txHash: used.txHash } : { type: 'spent' }
  }
