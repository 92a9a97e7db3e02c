import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import { connectDatabase } from './connect-database.ts'
import type { Database } from './database.ts'
import { startEmbedded } from './embedded/start-embedded.ts'
import { migrate } from './migrate.ts'
import { isUnavailable } from './store-error.ts'
import { StoreSetupError } from './store-setup-error.ts'

export type DatabaseOptions = {
  /** Undefined: the embedded server, in `dataDir`. */
  databaseUrl: string | undefined
  dataDir: string
  log?: Pick<Logger, 'info' | 'warn'> | undefined
  signal?: AbortSignal | undefined
}

/**
 * Opens the store, with its tables as this gateway knows them. Waits up to 30 s for a server that is still starting.
 * @throws {@link StoreSetupError} that says what to do.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const database = await connect(options)
  try {
    await migrate(database.connectionString)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

async function connect({ databaseUrl, dataDir, log, signal }: DatabaseOptions): Promise<Database> {
  if (databaseUrl === undefined) {
    const { connectionString, stop } = await startEmbedded({ dataDir, log, signal })
    return connectDatabase({ connectionString, advice: EMBEDDED_ADVICE, log, onClose: stop })
  }
  const database = connectDatabase({ connectionString: databaseUrl, advice: ADVICE, log })
  try {
    await waitForServer(database, databaseUrl, { log, signal })
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

async function waitForServer(
  { db }: Database,
  databaseUrl: string,
  { log, signal }: Pick<DatabaseOptions, 'log' | 'signal'>,
): Promise<void> {
  const address = toAddress(databaseUrl)
  const untilMs = performance.now() + PATIENCE_MS
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted()
    try {
      const { rows } = await sql<{
        version: number
      }>`select current_setting('server_version_num')::int as version`.execute(db)
      const version = rows[0]?.version ?? 0
      if (version >= OLDEST) return
      throw new StoreSetupError(
        `The Postgres at ${address} is of version ${Math.floor(version / 10_000)}; the gateway needs 14 or newer.`,
      )
    } catch (error) {
      if (error instanceof StoreSetupError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      if (!isUnavailable(error) || performance.now() > untilMs) {
        throw new StoreSetupError(`The Postgres at ${address} (DATABASE_URL) cannot be used: ${reason}`, {
          cause: error,
        })
      }
      if (tries === 1) log?.info({ address, reason }, 'waiting for Postgres')
      await delay(250, undefined, { signal })
    }
  }
}

/** Without the user and the password. */
function toAddress(databaseUrl: string): string {
  const url = URL.parse(databaseUrl)
  return url === null ? 'DATABASE_URL' : `${url.host || (url.searchParams.get('host') ?? 'localhost')}${url.pathname}`
}

const OLDEST = 140_000
const PATIENCE_MS = 30_000
const ADVICE = 'Postgres does not answer: start it, or see that DATABASE_URL is right'
const EMBEDDED_ADVICE =
  'the embedded Postgres does not answer: see postgres.log in DATA_DIR; a restart of the gateway starts it again'
