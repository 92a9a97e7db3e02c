import { type Kysely, sql } from 'kysely'
import type { Tables } from '../db/schema.ts'

/**
 * Until the end of the store's transaction, nobody else credits what that transaction of a chain has moved: a payment and a
 * deposit may be one and the same transfer.
 * @param at.txHash - in lower case.
 */
export async function lockTransaction(tx: Kysely<Tables>, at: { chainId: number; txHash: string }): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`payment:${at.chainId}:${at.txHash}`}, 0))`.execute(tx)
}
