import { Kysely, PostgresDialect } from 'kysely'
import type { QueryConfig } from 'pg'
import type { Logger } from 'pino'
import { within } from '../within.ts'
import { createPool } from './create-pool.ts'
import type { Database } from './database.ts'
import type { Tables } from './schema.ts'

export type ConnectOptions = {
  connectionString: string
  /** For a terminal, where the server does not answer: what to do. */
  advice: string
  log?: Pick<Logger, 'warn'> | undefined
  /** Once the connections are closed. */
  onClose?: () => Promise<void>
}

/** Opens no connection before the first query. */
export function connectDatabase({ connectionString, advice, log, onClose }: ConnectOptions): Database {
  const pool = createPool(connectionString, log)
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  let closed: Promise<void> | undefined
  return {
    db,
    pool,
    connectionString,
    async check() {
      try {
        await pool.query({ text: 'select 1', query_timeout: 3_000 } as QueryConfig)
        return { status: 'ok' }
      } catch {
        return { status: 'down', detail: advice }
      }
    },
    close: () => {
      // A statement that hangs does not keep the rest from ending.
      closed ??= within(CLOSE_MS, pool.end()).then(() => onClose?.())
      return closed
    },
  }
}

const CLOSE_MS = 5_000
