import type { Socket } from 'node:net'
import pg from 'pg'
import type { Logger } from 'pino'
import { QuietClient } from './quiet-client.ts'

/** Connections for the many short statements of a gateway: none may hang, whatever becomes of the server or the network. */
export function createPool(connectionString: string, log?: Pick<Logger, 'warn'>): pg.Pool {
  const pool = new pg.Pool({
    Client: QuietClient,
    connectionString,
    types: TYPES,
    application_name: APPLICATION_NAME,
    max: 16,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
  })
  // One that breaks while nobody uses it is replaced by the next query; at the end the server may be quicker than its goodbye.
  pool.on('error', (error) => {
    if (!pool.ending) log?.warn({ reason: error.message }, 'a connection to Postgres broke')
  })
  // The server's own limit does not end a statement whose server cannot be reached any more: silence does.
  pool.on('connect', (client) => {
    const socket = socketOf(client)
    socket?.on('timeout', () => socket.destroy())
  })
  pool.on('acquire', (client) => socketOf(client)?.setTimeout(STATEMENT_MS + 10_000))
  pool.on('release', (_error, client) => socketOf(client)?.setTimeout(0))
  return pool
}

/** One connection, for work that takes as long as it takes: migrations, export, import. */
export function createPatientPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    Client: QuietClient,
    connectionString,
    types: TYPES,
    application_name: `${APPLICATION_NAME} upkeep`,
    max: 1,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 0,
    keepAlive: true,
  })
  pool.on('error', () => {}) // the next query tells
  return pool
}

/** Of a gateway's connections, as `pg_stat_activity` shows them. */
export const APPLICATION_NAME = 'groundwire'

const STATEMENT_MS = 30_000

const socketOf = (client: pg.PoolClient) =>
  (client as unknown as { connection?: { stream?: Socket } }).connection?.stream

const INT8 = 20
/** Counts come as numbers: none of ours is beyond 2^53. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format)),
}
