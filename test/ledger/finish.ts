import { setTimeout as pause } from 'node:timers/promises'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import type { Ledger } from '../../src/accounts/ledger.ts'
import { type InvariantReport, verifyLedger } from '../../src/accounts/verify/verify-ledger.ts'
import type { Database } from '../../src/db/database.ts'
import { judge } from './judge.ts'
import type { Note } from './note.ts'
import { TTL_MS } from './play.ts'

export type Verdict = {
  /** What was acknowledged and is not so. */
  wrongs: readonly string[]
  reports: readonly InvariantReport[]
}

/** Once players are gone: has their holds closed, and looks. */
export async function finish(
  database: Database,
  notes: readonly Note[],
  ledger: Pick<Ledger, 'closeLost'> = createLedger({ database }),
): Promise<Verdict> {
  await pause(TTL_MS + 10) // timers may be early, by a millisecond
  const refused: string[] = []
  try {
    while ((await ledger.closeLost()).expired > 0);
  } catch (error) {
    refused.push(`holds cannot be closed: ${(error as Error).message}`)
  }
  return { wrongs: [...refused, ...(await judge(database.db, notes))], reports: await verifyLedger(database.db) }
}
