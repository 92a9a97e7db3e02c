import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Kysely, PostgresDialect } from 'kysely'
import { type InvariantReport, verifyLedger } from '../src/accounts/verify/verify-ledger.ts'
import { type Config, ConfigError, parseConfig } from '../src/config.ts'
import { createPatientPool } from '../src/db/create-pool.ts'
import type { Tables } from '../src/db/schema.ts'
import { StoreSetupError } from '../src/db/store-setup-error.ts'
import { openStore } from './admin/open-store.ts'
import { toTable } from './admin/table.ts'

const USAGE = `Looks whether the money adds up.

  npm run ledger -- verify [--json]
      checks every invariant of the ledger in the store, in one snapshot; the gateway may be running
  npm run ledger -- chaos [--seconds 60] [--seed 7] [--engine embedded|external]
      on a Postgres of its own: processes hold, extend and settle at random, others credit deposits of a scripted chain;
      one is killed every 250 ms in the middle of it, and Postgres now and then; then compares what was acknowledged, and
      what was deposited, with what is there, and verifies

The store is the one that the gateway would use: DATABASE_URL, or else the embedded Postgres in DATA_DIR.
Exit code: 0 where all is well, 1 where something is wrong, 2 for a wrong command line.
`

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        engine: { type: 'string' },
      },
    })
    const { help, json, ...chaos } = values
    if (help === true) {
      process.stdout.write(USAGE)
      return 0
    }
    const [command, ...rest] = positionals
    if (rest.length === 0 && command === 'verify' && Object.keys(chaos).length === 0) {
      return tell(await verify(parseConfig(process.env)), json === true)
    }
    const game = toGame(chaos)
    if (rest.length === 0 && command === 'chaos' && json === undefined && game !== undefined)
      return await playChaos(game)
    process.stderr.write(USAGE)
    return 2
  } catch (error) {
    if (error instanceof ConfigError || isUsageError(error)) {
      console.error(error.message)
      return 2
    }
    console.error(error instanceof StoreSetupError ? error.message : error)
    return 1
  }
}

async function verify(config: Config): Promise<InvariantReport[]> {
  if (config.databaseUrl === undefined) await throwIfNone(config.dataDir)
  const store = await openStore(config)
  // It takes as long as it takes: the gateway's own connections give up.
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: createPatientPool(store.connectionString) }) })
  try {
    return await verifyLedger(db)
  } finally {
    await db.destroy()
    await store.close()
  }
}

/** A start would set up an empty one. */
async function throwIfNone(dataDir: string): Promise<void> {
  const version = await readFile(join(dataDir, 'postgres', 'PG_VERSION')).catch(() => undefined)
  if (version === undefined) throw new StoreSetupError(`There is no store in ${dataDir}: nothing to verify.`)
}

/** @returns the exit code. */
function tell(reports: readonly InvariantReport[], asJson: boolean): number {
  const wrong = reports.filter(({ found }) => found > 0)
  if (asJson) console.log(JSON.stringify(reports, null, 2))
  else {
    console.log(
      toTable(
        [
          { title: '', of: ({ id }) => id },
          { title: 'INVARIANT', of: ({ title }) => title },
          {
            title: 'CHECKED',
            of: ({ checked, note }) => (checked === 0 && note !== undefined ? null : checked),
            isNumber: true,
          },
          { title: 'WRONG', of: ({ found }) => found, isNumber: true },
        ],
        reports,
      ),
    )
    for (const { id, violations, note } of reports) {
      for (const line of [...(note === undefined ? [] : [note]), ...violations]) console.log(`${id}: ${line}`)
    }
    console.log(wrong.length === 0 ? 'All is well.' : `${wrong.map(({ id }) => id).join(', ')}: not as it must be.`)
  }
  return wrong.length === 0 ? 0 : 1
}

type Game = { seconds: number; seed: number; engines: readonly ('embedded' | 'external')[] }

function toGame({
  seconds = '60',
  seed,
  engine,
}: {
  seconds?: string
  seed?: string
  engine?: string
}): Game | undefined {
  const game = {
    seconds: Number(seconds),
    seed: seed === undefined ? Math.floor(Math.random() * 1_000_000) : Number(seed),
    engines: (['embedded', 'external'] as const).filter((each) => engine === undefined || each === engine),
  }
  const isWhole = [game.seconds, game.seed].every((number) => Number.isInteger(number) && number >= 0)
  return isWhole && game.engines.length > 0 ? game : undefined
}

async function playChaos({ seconds, seed, engines }: Game): Promise<number> {
  const { runCrash } = await import('../test/ledger/crash.ts')
  for (const engine of engines) {
    console.log(`--engine ${engine} --seed ${seed} --seconds ${seconds}`)
    const { wrongs, reports, counts, betweenMs } = await runCrash({ engine, seed, ms: seconds * 1_000 })
    console.log(
      `${Object.entries(counts)
        .map(([what, count]) => `${what} ${count}`)
        .join(', ')}\nkilled or crashed every ${betweenMs.median} ms (median), ${betweenMs.most} ms at most\n`,
    )
    for (const wrong of wrongs) console.log(`WRONG: ${wrong}`)
    const code = tell(reports, false)
    console.log('')
    if (wrongs.length > 0 || code > 0) return 1
  }
  return 0
}

function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}
