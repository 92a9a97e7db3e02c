import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { Tables } from './schema.ts'

/** The store's Postgres, embedded or not. */
export type Database = {
  db: Kysely<Tables>
  /** Under `db`: for LISTEN, and for libraries that bring their own SQL. */
  pool: Pool
  /** For processes that open their own connections. Holds a password: not for a log. */
  connectionString: string
  /** `detail` says what to do. Never rejects. */
  check(): Promise<{ status: 'ok' } | { status: 'down'; detail: string }>
  /** Closes the pool; an embedded server is stopped cleanly. */
  close(): Promise<void>
}
