import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Address } from 'viem'
import { expect, test } from 'vitest'
import { depositUsdc } from '../../demo/deposit-usdc.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import { testDatabaseUrl } from '../support/database.ts'
import { devChainEnv, wholeGateway } from '../support/whole-gateway.ts'

const NOBODY = 'http://127.0.0.1:9'

test('two gateways on one store credit a deposit once, and tell it in one of their logs', async () => {
  const url = await testDatabaseUrl()
  const database = connectDatabase({ connectionString: url, advice: 'the test server is gone' })
  const { chain, env } = await devChainEnv([8453])
  const treasury: Address = `0x${randomBytes(20).toString('hex')}`
  const settings = {
    ...env,
    DATABASE_URL: url,
    TREASURY_ADDRESS: treasury,
    DEPOSIT_EVERY_MS: '200',
    OLLAMA_BASE_URL: NOBODY,
  }
  const gateways = [await wholeGateway(settings), await wholeGateway(settings)]
  try {
    const cursors = async () => (await sql`select from deposit_cursors`.execute(database.db)).rows.length
    await expect.poll(cursors).toBe(1)
    const from: Address = `0x${randomBytes(20).toString('hex')}`
    const txHash = await depositUsdc({ ...chainOf(chain), from, treasury, amount: 2_500_000n })
    const balances = async () => (await sql`select id, balance::text from accounts`.execute(database.db)).rows
    await expect.poll(balances, { timeout: 10_000 }).toEqual([{ id: from, balance: '2500000' }])
    await depositUsdc({ ...chainOf(chain), from, treasury, amount: 1n })
    await expect.poll(balances, { timeout: 10_000 }).toEqual([{ id: from, balance: '2500001' }])
    const told = gateways.flatMap((gateway) => gateway.logLines().filter((line) => line.txHash === txHash))
    expect(told).toMatchObject([{ msg: 'a deposit was credited', chain: 'base', account: from, credits: '2.5' }])
  } finally {
    for (const gateway of gateways) await gateway.close()
    await chain.stop()
    await database.close()
  }
})

function chainOf({ rpcUrls }: { rpcUrls: Record<number, readonly string[]> }) {
  return { chainId: 8453, url: rpcUrls[8453]?.[0] ?? '' } as const
}
