import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Kysely, PostgresDialect } from 'kysely'
import type { PoolClient } from 'pg'
import { createPatientPool } from '../create-pool.ts'
import { doneMigrations } from '../migrate.ts'
import type { Tables } from '../schema.ts'
import { StoreSetupError } from '../store-setup-error.ts'
import {
  type Counts,
  type FileEnd,
  type FileHead,
  PLAIN_SETTINGS,
  STORED_TABLES,
  type TableHead,
} from './store-file.ts'

/**
 * Writes the store as it is at one moment, while others go on using it.
 * @throws {@link StoreSetupError} where there is none.
 */
export async function exportStore(connectionString: string, target: Writable): Promise<Counts> {
  const pool = createPatientPool(connectionString)
  try {
    const migrations = await doneMigrations(new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }))
    const migration = migrations.at(-1)
    if (migration === undefined) throw new StoreSetupError('There is no store in this database: nothing to export.')
    const client = await pool.connect()
    const counts: Counts = {}
    try {
      await pipeline(Readable.from(toLines(client, migration, counts)), createGzip(), target)
    } finally {
      client.release(true)
    }
    return counts
  } finally {
    await pool.end()
  }
}

const ROWS_AT_ONCE = 50 // a row may hold megabytes

async function* toLines(client: PoolClient, migration: string, counts: Counts): AsyncGenerator<string> {
  await client.query(`begin isolation level repeatable read read only; ${PLAIN_SETTINGS}`)
  const exportedAt = new Date().toISOString()
  yield toLine({ format: 'groundwire-store', version: 1, migration, exportedAt } satisfies FileHead)
  for (const table of STORED_TABLES) {
    const columns = await columnsOf(client, table)
    if (columns.length === 0) continue // newer than the store
    yield toLine({ table, columns } satisfies TableHead)
    counts[table] = 0
    await client.query(`declare rows no scroll cursor for select ${columns.map(quote).join(', ')} from ${table}`)
    for (;;) {
      const { rows } = await client.query<(string | null)[]>({
        text: `fetch ${ROWS_AT_ONCE} from rows`,
        rowMode: 'array',
        types: { getTypeParser: () => (value: string) => value },
      })
      if (rows.length === 0) break
      counts[table] += rows.length
      yield rows.map(toLine).join('')
    }
    await client.query('close rows')
  }
  yield toLine({ rows: counts } satisfies FileEnd)
}

async function columnsOf(client: PoolClient, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum',
    [table],
  )
  return rows.map(({ name }) => name)
}

const quote = (name: string) => `"${name}"`
const toLine = (value: unknown) => `${JSON.stringify(value)}\n`
