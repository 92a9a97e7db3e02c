import type { Logger } from 'pino'
import { type AdminDesk, createAdminDesk } from './accounts/admin/create-admin-desk.ts'
import { firstKeyHint } from './accounts/admin/first-key-hint.ts'
import { cacheCredentials } from './accounts/identify/cache-credentials.ts'
import { createFindCredential } from './accounts/identify/find-credential.ts'
import { createIdentify, type Identify } from './accounts/identify/identify.ts'
import { createNoteUse } from './accounts/identify/note-use.ts'
import { createKeyDesk, type KeyDesk } from './accounts/keys/create-key-desk.ts'
import { createRateLimits, type RateLimits } from './accounts/limits/create-rate-limits.ts'
import { openRateCounters } from './accounts/limits/open-rate-counters.ts'
import { createOrgDesk, type OrgDesk } from './accounts/orgs/create-org-desk.ts'
import type { Rates } from './accounts/price.ts'
import { notePriceList } from './accounts/price-changes.ts'
import { createSignIn, type SignIn } from './accounts/sign-in/create-sign-in.ts'
import { type BillDesk, createBillDesk } from './accounts/usage/create-bill-desk.ts'
import { createVoucherDesk, type VoucherDesk } from './accounts/vouchers/create-voucher-desk.ts'
import { CHAINS } from './chain/chain-list.ts'
import type { Chains } from './chain/chains.ts'
import { createVerifyContractSignature } from './chain/verify-contract-signature.ts'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import { createDepositWatcher } from './payments/deposits/create-deposit-watcher.ts'
import type { DepositWatcher } from './payments/deposits/deposit-watcher.ts'
import { createFindTransfer } from './payments/x402/find-transfer.ts'
import { startPaymentUpkeep } from './payments/x402/payment-upkeep.ts'
import { createX402Desk, type X402Desk } from './payments/x402/x402-desk.ts'

/** Who callers are, what they have and may do, and how they pay: what the routes of a gateway ask. */
export type AccountDesks = {
  identify: Identify
  limits: RateLimits
  bill: BillDesk
  keys: KeyDesk
  orgs: OrgDesk
  signIn: SignIn
  vouchers: VoucherDesk
  admin: AdminDesk
  /** Undefined: no payments by x402 are taken. */
  x402: X402Desk | undefined
}

export type AccountDesksDeps = {
  config: Config
  database: Database
  chains: Chains
  /** Where it listens; asked for once it does. */
  url: () => string
  log: Logger
}

/** @returns also how to stop what they do by themselves. */
export async function openAccountDesks(deps: AccountDesksDeps): Promise<AccountDesks & { close(): Promise<void> }> {
  const { config, database, chains, url, log } = deps
  const { db } = database
  const { freeMode, adminKey, publicUrl, redisUrl, x402: x402Settings } = config
  const counters = await openRateCounters({ database, redisUrl })
  const x402 =
    x402Settings &&
    (await createX402Desk({
      settings: x402Settings,
      database,
      publicUrl: publicUrl ?? `http://${config.host}:${config.port}`,
      findTransfer: createFindTransfer({ ask: chains.ask, chains: config.chains, network: x402Settings.network }),
      log,
    }))
  const upkeep = x402 && startPaymentUpkeep({ desk: x402, log })
  return {
    identify: createIdentify({
      freeMode,
      find: cacheCredentials(createFindCredential(db)),
      noteUse: createNoteUse(db),
      adminKey,
    }),
    limits: createRateLimits({ counters, settings: config }),
    bill: createBillDesk(database),
    keys: createKeyDesk(database),
    orgs: createOrgDesk(database),
    signIn: createSignIn({
      database,
      publicUrl: () => publicUrl ?? url(),
      chainIds: config.chains.map((name) => CHAINS[name].id),
      sessionMs: config.sessionMs,
      verifyContractSignature: createVerifyContractSignature({ chains }),
    }),
    vouchers: createVoucherDesk(database),
    admin: createAdminDesk(database),
    x402,
    async close() {
      await upkeep?.stop()
      await counters.close()
    },
  }
}

/** Credits what is sent to the treasury; undefined where there is none. Any process may, and several at once. */
export function startDeposits({
  config: { treasuryAddress: treasury, depositChains, depositEveryMs: everyMs, chains: enabled },
  ...deps
}: Pick<AccountDesksDeps, 'config' | 'database' | 'chains' | 'log'>): DepositWatcher | undefined {
  if (treasury === undefined) return undefined
  const chainNames = depositChains.filter((chain) => enabled.includes(chain))
  const watcher = createDepositWatcher({ ...deps, treasury, chainNames, everyMs })
  watcher.start()
  return watcher
}

/** Tells the audit log of prices that have changed, and an operator what paid mode still needs. */
export async function noteAtStart({
  config: { freeMode, ipRequestsPerMinute },
  database: { db },
  models,
  toolPrices,
  log,
}: Pick<AccountDesksDeps, 'database' | 'log'> & {
  config: Pick<Config, 'freeMode' | 'ipRequestsPerMinute'>
  models: Readonly<Record<string, Rates>>
  toolPrices: Readonly<Record<string, bigint>>
}): Promise<void> {
  await notePriceList(db, { models, toolPrices })
  if (freeMode) return
  const hint = await firstKeyHint(db)
  if (hint !== undefined) log.info(hint)
  if (ipRequestsPerMinute === 0) log.info(STRANGERS)
  const free = Object.keys(models).filter((id) => Object.values(models[id] ?? {}).every((rate) => rate === 0n))
  if (free.length > 0) log.warn({ models: free }, 'these models have no price, so that their tokens cost nothing')
}

const STRANGERS =
  'whoever reaches this gateway may ask as often as they like: IP_REQUESTS_PER_MINUTE limits each address'
