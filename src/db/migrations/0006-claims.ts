import { type Kysely, sql } from 'kysely'

/**
 * What a wallet was only said to have made is that of the claim. A wallet without an account has never proven anything; one that has
 * an account keeps what goes by its name, as nothing tells who made it. Rows of `run_usage` are never changed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['runs', 'idempotency_keys', 'kept']) {
    await sql`
      update ${sql.table(table)} set caller = 'claim:' || caller
      where caller ~ '^0x[0-9a-f]{40}$' and not exists (select from accounts where id = caller)`.execute(db)
  }
}
