import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { openAccountDesks } from '../../src/account-desks.ts'
import { createChains } from '../../src/chain/chains.ts'
import { parseConfig } from '../../src/config.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { testDatabase } from './database.ts'
import { type HttpGateway, startHttp } from './http-gateway.ts'
import { scriptedFacilitator } from './scripted-facilitator.ts'

export const ADMIN_KEY = 'correct-horse-battery-staple'

/** As {@link startHttp}, with all routes of accounts: in paid mode, with a store, an operator and payments by x402. */
export async function startHttpWithAccounts(
  executeRun: ExecuteRun,
  env: Record<string, string> = {},
): Promise<HttpGateway> {
  const database = await testDatabase()
  const facilitator = await scriptedFacilitator()
  onTestFinished(() => facilitator.close())
  const config = parseConfig({
    FREE_MODE: '0',
    ADMIN_KEY,
    X402_FACILITATOR_URL: facilitator.url,
    X402_NETWORK: 'eip155:8453',
    X402_PAY_TO: '0x00000000000000000000000000000000000000aa',
    ...env,
  })
  const chains = createChains({ chains: config.chains, rpcUrls: {} })
  onTestFinished(() => chains.close())
  const url = () => gateway.url
  const accounts = await openAccountDesks({ config, database, chains, url, log: pino({ level: 'silent' }) })
  onTestFinished(() => accounts.close())
  const { identify, limits } = accounts
  const gateway: HttpGateway = await startHttp(executeRun, {
    durable: true,
    accounts,
    identify,
    limits,
    settings: { ...config, waitTimeoutMs: 60_000 },
  })
  return gateway
}
