import { type Kysely, sql } from 'kysely'

/** Each sign-in looks for the oldest of a wallet's sessions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index sessions_of_wallet on sessions (wallet, created_at) where revoked_at is null`.execute(db)
}
