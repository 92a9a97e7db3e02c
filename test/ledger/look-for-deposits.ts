import { createChains } from '../../src/chain/chains.ts'
import type { Database } from '../../src/db/database.ts'
import { createDepositWatcher } from '../../src/payments/deposits/create-deposit-watcher.ts'
import type { DepositStatus } from '../../src/payments/deposits/deposit-watcher.ts'
import { DEPOSIT_CHAIN_ID, type DepositChain } from './deposit-chain.ts'

const SILENT = { info() {}, warn() {} }

/** Looks at all that is final, again where that fails. @returns what keeps it from that. */
export async function lookForDeposits(
  database: Database,
  { nodeUrl, treasury }: Pick<DepositChain, 'nodeUrl' | 'treasury'>,
): Promise<string[]> {
  const chains = createChains({ chains: ['base'], rpcUrls: { [DEPOSIT_CHAIN_ID]: [nodeUrl] } })
  const watcher = createDepositWatcher({ database, chains, treasury, chainNames: ['base'], everyMs: 0, log: SILENT })
  try {
    for (let tries = 1; ; tries++) {
      await watcher.look()
      const faults = watcher.status().flatMap(toFault)
      if (faults.length === 0 || tries === TRIES) return faults
    }
  } finally {
    await chains.close()
  }
}

/** A node that is slow to answer, for one moment, has lied about nothing. */
const TRIES = 5

function toFault({ fault, lagBlocks }: DepositStatus): string[] {
  if (fault !== undefined) return [`deposits cannot be credited: ${fault}`]
  return lagBlocks === 0 ? [] : [`deposits of ${lagBlocks ?? 'all'} blocks were not looked for`]
}
