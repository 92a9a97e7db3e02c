import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { createPatientPool } from './create-pool.ts'
import { up as runs } from './migrations/0001-runs.ts'
import { up as ledger } from './migrations/0002-ledger.ts'
import { up as identities } from './migrations/0003-identities.ts'
import { up as payments } from './migrations/0004-payments.ts'
import { up as limits } from './migrations/0005-limits.ts'
import { up as claims } from './migrations/0006-claims.ts'
import { up as sessionsOfWallet } from './migrations/0007-sessions-of-wallet.ts'
import type { Tables } from './schema.ts'
import { StoreSetupError } from './store-setup-error.ts'

/** In order. A released one is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-runs': { up: runs },
  '0002-ledger': { up: ledger },
  '0003-identities': { up: identities },
  '0004-payments': { up: payments },
  '0005-limits': { up: limits },
  '0006-claims': { up: claims },
  '0007-sessions-of-wallet': { up: sessionsOfWallet },
}

/** Where it is noted which of them are done: a database may have other programs' tables beside ours. */
export const MIGRATION_TABLES = { done: 'groundwire_migrations', lock: 'groundwire_migration_lock' }

/** The newest that this gateway knows. */
export const NEWEST_MIGRATION = Object.keys(MIGRATIONS).at(-1) ?? ''

/**
 * Brings the tables up to date. Of several processes that start at once, one does it and the others wait.
 * @throws {@link StoreSetupError} where a newer gateway has changed the tables.
 */
export async function migrate(connectionString: string): Promise<void> {
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPatientPool(connectionString) }) })
  try {
    const done = await doneMigrations(db)
    throwIfNewer(done)
    if (!done.includes(NEWEST_MIGRATION)) await migrateTo(db, NEWEST_MIGRATION)
  } finally {
    await db.destroy()
  }
}

/** Runs those that are not done yet, in order; in the transaction where `db` is one. */
export async function migrateTo(db: Kysely<Tables>, name: string): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: MIGRATION_TABLES.done,
    migrationLockTableName: MIGRATION_TABLES.lock,
  })
  const { error } = await migrator.migrateTo(name)
  if (error !== undefined) throw error
}

/** Names, in order. */
export async function doneMigrations(db: Kysely<Tables>): Promise<readonly string[]> {
  const { done } = MIGRATION_TABLES
  const { rows } = await sql<{ there: boolean }>`select to_regclass(${done}) is not null as there`.execute(db)
  if (rows[0]?.there !== true) return []
  return (await sql<{ name: string }>`select name from ${sql.table(done)} order by name`.execute(db)).rows.map(
    ({ name }) => name,
  )
}

/** @throws {@link StoreSetupError} */
export function throwIfNewer(migrations: readonly string[]): void {
  const unknown = migrations.filter((name) => !Object.hasOwn(MIGRATIONS, name))
  if (unknown.length === 0) return
  throw new StoreSetupError(
    `A newer gateway made this store: it has ${unknown.join(', ')}, and this gateway knows ${NEWEST_MIGRATION}. ` +
      'Update this gateway, or give it a store of its own.',
  )
}
