import { open, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, parseConfig } from '../src/config.ts'
import { findRunning } from '../src/db/embedded/connection-string.ts'
import { FolderInUseError } from '../src/db/embedded/folder-lock.ts'
import { startEmbedded } from '../src/db/embedded/start-embedded.ts'
import { StoreSetupError } from '../src/db/store-setup-error.ts'
import { exportStore } from '../src/db/transfer/export-store.ts'
import { importStore } from '../src/db/transfer/import-store.ts'
import type { Counts } from '../src/db/transfer/store-file.ts'

const USAGE = `Moves the store: all runs and answers that are kept.

  npm run db -- export <file>              writes it to a file; the gateway may be running
  npm run db -- import <file>              reads it into an empty store; no gateway may be running
  npm run db -- import <file> --replace    the same, in place of what the store has

The store is the one that the gateway would use: DATABASE_URL, or else the embedded Postgres in DATA_DIR. A '-' as file is
standard output or input; as npm prints to it too, that takes npm run --silent db -- export -.
`

process.exitCode = await main()

/** @returns the exit code: 0 when done, 1 when that failed, 2 for a wrong command line or environment. */
async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, replace: { type: 'boolean' } },
    })
    const [command, file = '-', ...rest] = positionals
    if (values.help === true) {
      console.log(USAGE)
      return 0
    }
    const isImport = command === 'import' && positionals.length > 1
    const isExport = command === 'export' && values.replace === undefined
    if ((!isImport && !isExport) || rest.length > 0) {
      console.error(USAGE)
      return 2
    }
    const config = parseConfig(process.env)
    const path = file === '-' ? undefined : resolve(process.env.INIT_CWD ?? '.', file)
    const counts = isImport
      ? await importFrom(path, (source) =>
          withStore(config, (url) => importStore(url, source, { replace: values.replace === true })),
        )
      : await exportTo(path, (target) => withStore(config, (url) => exportStore(url, target), findRunning))
    console.error(`${isImport ? 'Imported' : 'Exported'}: ${toSummary(counts)}.`)
    return 0
  } catch (error) {
    if (error instanceof ConfigError || isUsageError(error)) {
      console.error(error.message)
      return 2
    }
    console.error(error instanceof StoreSetupError || isSystemError(error) ? error.message : error)
    return 1
  }
}

/** @param findOther - where another process runs the embedded server, and may go on. */
async function withStore(
  { databaseUrl, dataDir }: Config,
  work: (connectionString: string) => Promise<Counts>,
  findOther?: typeof findRunning,
): Promise<Counts> {
  if (databaseUrl !== undefined) return work(databaseUrl)
  if (findOther !== undefined) await throwIfNone(dataDir)
  try {
    const server = await startEmbedded({ dataDir })
    try {
      return await work(server.connectionString)
    } finally {
      await server.stop()
    }
  } catch (error) {
    const other = error instanceof FolderInUseError ? await findOther?.(dataDir) : undefined
    if (other === undefined) throw error
    return work(other)
  }
}

/** A start would set up an empty one. */
async function throwIfNone(dataDir: string): Promise<void> {
  const version = await readFile(join(dataDir, 'postgres', 'PG_VERSION')).catch(() => undefined)
  if (version === undefined) throw new StoreSetupError(`There is no store in ${dataDir}: nothing to export.`)
}

/** The file appears when it is whole. Only its owner may read it: it holds what callers asked. */
async function exportTo(path: string | undefined, work: (target: Writable) => Promise<Counts>): Promise<Counts> {
  if (path === undefined) {
    const isMixed = process.env.npm_lifecycle_event !== undefined && process.env.npm_config_loglevel !== 'silent'
    if (process.stdout.isTTY || isMixed) throw new StoreSetupError('Name a file: npm run db -- export <file>')
    return work(process.stdout)
  }
  const partial = `${path}.partial`
  const file = await open(partial, 'w', 0o600)
  try {
    const counts = await work(file.createWriteStream({ flush: true }))
    await rename(partial, path)
    return counts
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function importFrom(path: string | undefined, work: (source: Readable) => Promise<Counts>): Promise<Counts> {
  if (path === undefined) return work(process.stdin)
  const file = await open(path)
  try {
    return await work(file.createReadStream())
  } finally {
    await file.close()
  }
}

function toSummary(counts: Counts): string {
  return Object.entries(counts)
    .map(([table, rows]) => `${rows} ${table}`)
    .join(', ')
}

function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}

/** A file that is not there, a server that does not answer: the message says it. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error
}
