import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { CompiledQuery, Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import type { z } from 'zod'
import { APPLICATION_NAME, createPatientPool } from '../create-pool.ts'
import { doneMigrations, MIGRATION_TABLES, migrateTo, NEWEST_MIGRATION, throwIfNewer } from '../migrate.ts'
import type { Tables } from '../schema.ts'
import { StoreSetupError } from '../store-setup-error.ts'
import {
  type Counts,
  FileEnd,
  FileHead,
  PLAIN_SETTINGS,
  Row,
  STORED_TABLES,
  TableHead,
  UNSTORED_TABLES,
} from './store-file.ts'

/**
 * Puts what {@link exportStore} wrote into a store without rows, all or nothing, and brings it up to date.
 * @param options.replace - whether the rows that are there may go.
 * @throws {@link StoreSetupError} that says why nothing has changed.
 */
export async function importStore(
  connectionString: string,
  source: Readable,
  { replace = false }: { replace?: boolean } = {},
): Promise<Counts> {
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPatientPool(connectionString) }) })
  try {
    let counts: Counts = {}
    await pipeline(source, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      counts = await db.transaction().execute((trx) => load(trx, toLines(chunks), replace))
    })
    return counts
  } catch (error) {
    throw toImportError(error)
  } finally {
    await db.destroy()
  }
}

async function load(trx: Transaction<Tables>, lines: AsyncGenerator<unknown>, replace: boolean): Promise<Counts> {
  const head = parse(FileHead, (await lines.next()).value)
  throwIfNewer([head.migration])
  await makeRoom(trx, replace)
  await migrateTo(trx, head.migration)
  for (const setting of PLAIN_SETTINGS.split(';')) await sql.raw(setting).execute(trx)
  const counts = await loadRows(trx, lines)
  await migrateTo(trx, NEWEST_MIGRATION)
  return counts
}

async function makeRoom(trx: Transaction<Tables>, replace: boolean): Promise<void> {
  throwIfNewer(await doneMigrations(trx))
  const users = await sql`
    select from pg_stat_activity where datname = current_database() and application_name = ${APPLICATION_NAME}`.execute(
    trx,
  )
  if (users.rows.length > 0) throw new StoreSetupError('A gateway uses this store: stop it first. Nothing has changed.')
  for (const table of replace ? [] : STORED_TABLES) {
    const { rows } = await sql<{ there: boolean }>`select to_regclass(${table}) is not null as there`.execute(trx)
    if (rows[0]?.there !== true) continue
    const found = await sql`select from ${sql.table(table)} limit 1`.execute(trx)
    if (found.rows.length > 0) throw new StoreSetupError(NOT_EMPTY)
  }
  const tables = [...STORED_TABLES, ...UNSTORED_TABLES, ...Object.values(MIGRATION_TABLES)]
  await sql`drop view if exists ledger_entries`.execute(trx)
  await sql`drop table if exists ${sql.join(tables.map((table) => sql.table(table)))}`.execute(trx)
  await sql`drop function if exists refuse_change, take_rates`.execute(trx)
}

async function loadRows(trx: Transaction<Tables>, lines: AsyncGenerator<unknown>): Promise<Counts> {
  const counts: Counts = {}
  let table: TableHead | undefined
  let batch: Row[] = []
  let size = 0
  const flush = async () => {
    if (table !== undefined && batch.length > 0) await trx.executeQuery(toInsert(table, batch))
    batch = []
    size = 0
  }
  for await (const line of lines) {
    if (Array.isArray(line)) {
      const row = parse(Row, line)
      if (table === undefined || row.length !== table.columns.length) throw new StoreSetupError(NOT_WHOLE)
      batch.push(row)
      size += row.reduce((sum, value) => sum + (value?.length ?? 0), 0)
      counts[table.table] = (counts[table.table] ?? 0) + 1
      if (batch.length === ROWS_AT_ONCE || size > CHARACTERS_AT_ONCE) await flush()
      continue
    }
    await flush()
    const end = FileEnd.safeParse(line)
    if (end.success) {
      await throwIfMore(lines)
      if (JSON.stringify(end.data.rows) !== JSON.stringify(counts)) throw new StoreSetupError(NOT_WHOLE)
      return counts
    }
    table = parse(TableHead, line)
    if (!STORED_TABLES.some((name) => name === table?.table)) throw new StoreSetupError(NOT_WHOLE)
    counts[table.table] = 0
  }
  throw new StoreSetupError(NOT_WHOLE)
}

const ROWS_AT_ONCE = 100
const CHARACTERS_AT_ONCE = 1_000_000

function toInsert({ table, columns }: TableHead, rows: readonly Row[]): CompiledQuery {
  const values = rows.map(
    (_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(', ')})`,
  )
  const names = columns.map((name) => `"${name}"`).join(', ')
  return CompiledQuery.raw(`insert into ${table} (${names}) values ${values.join(', ')}`, rows.flat())
}

async function throwIfMore(lines: AsyncGenerator<unknown>): Promise<void> {
  if ((await lines.next()).done !== true) throw new StoreSetupError(NOT_WHOLE)
}

async function* toLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
  if (rest + decoder.decode() !== '') throw new StoreSetupError(NOT_WHOLE)
}

function parse<Value>(schema: z.ZodType<Value>, line: unknown): Value {
  const parsed = schema.safeParse(line)
  if (parsed.success) return parsed.data
  throw new StoreSetupError(NOT_WHOLE)
}

function toImportError(error: unknown): unknown {
  if (error instanceof StoreSetupError) return error
  const { code } = error as { code?: unknown }
  const isBroken = error instanceof SyntaxError || /^(Z_|ERR_ENCODING|22|23|42)/.test(String(code))
  return isBroken ? new StoreSetupError(NOT_WHOLE, { cause: error }) : error
}

const NOT_EMPTY =
  'This store has rows already. Import into an empty one (another DATA_DIR or DATABASE_URL), or say --replace to lose what it has.'
const NOT_WHOLE = 'The file is not a whole export of a store, as npm run db -- export makes it. Nothing has changed.'
