import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'

/** Whoever else changes the account, or counts what it has, waits until the transaction ends. */
export async function lockAccount(tx: Kysely<Tables>, id: string): Promise<void> {
  await sql`select from accounts where id = ${id} for no key update`.execute(tx)
}
