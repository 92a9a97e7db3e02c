import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import { type InvariantReport, verifyLedger } from '../../src/accounts/verify/verify-ledger.ts'
import type { Database } from '../../src/db/database.ts'
import { openDatabase } from '../../src/db/open-database.ts'
import { createDice } from '../chaos/dice.ts'
import { type Bundle, bundle } from './bundle.ts'
import { type CrashServer, type Engine, startCrashServer } from './crash-server.ts'
import { createCrew } from './crew.ts'
import { type DepositChain, startDepositChain } from './deposit-chain.ts'
import { finish, type Verdict } from './finish.ts'
import { type Harm, type HarmOptions, harm } from './harm.ts'
import { judgeDeposits } from './judge-deposits.ts'
import { lookForDeposits } from './look-for-deposits.ts'
import { countNotes, readNotes, sizeOfNotes } from './read-notes.ts'
import { settleTown } from './town.ts'

export type CrashOptions = { engine: Engine; seed: number; ms: number; signal?: AbortSignal | undefined }

export type CrashReport = Verdict & {
  /** Acknowledgements by kind, and what was killed. */
  counts: Record<string, number>
  betweenMs: Harm['betweenMs']
}

/** A busy machine gets more time: so much is to happen at least. */
const LEAST = { kills: 8, crashes: 2, watcherKills: 2, held: 20, settled: 5, credited: 2 }
const MOST_TIMES_MS = 8

/**
 * Processes play with one ledger, others credit it with what comes on a chain; they are killed in the middle of it and replaced,
 * and so is their Postgres.
 */
export async function runCrash({ engine, seed, ms, signal }: CrashOptions): Promise<CrashReport> {
  const journal = join(tmpdir(), `groundwire-ledger-${process.pid}-${engine}-${seed}.jsonl`)
  const open: (() => Promise<unknown>)[] = [() => rm(journal, { force: true })]
  try {
    const chain = await startDepositChain(seed)
    open.push(chain.close)
    const scripts = await bundle([PLAYERS, WATCHERS])
    open.push(scripts.remove)
    const server = await startCrashServer(engine)
    open.push(server.close)
    await writeFile(journal, '')
    return await crash({ server, chain, scripts, journal, engine, seed, ms, signal })
  } finally {
    for (const close of open.reverse()) await close()
  }
}

const PLAYERS = 'ledger-process'
const WATCHERS = 'deposit-process'

type Game = CrashOptions & { server: CrashServer; chain: DepositChain; scripts: Bundle; journal: string }

async function crash(game: Game): Promise<CrashReport> {
  const { server, chain, journal } = game
  const database = await openDatabase({ databaseUrl: server.url, dataDir: '' })
  try {
    await settleTown(createLedger({ database }))
    const { betweenMs, wrongs, ...harmed } = await harmAll(database, game)
    await untilForgotten(database)
    const sent = chain.stop()
    const faults = await lookForDeposits(database, chain)
    const notes = await readNotes(journal)
    const asLeft = await verifyLedger(database.db) // with holds open
    const verdict = await finish(database, notes)
    return {
      reports: asLeft.map((report, index) => addReport(report, verdict.reports[index])),
      wrongs: [...wrongs, ...faults, ...(await judgeDeposits(database.db, sent, notes)), ...verdict.wrongs],
      counts: { ...countNotes(notes), ...harmed },
      betweenMs,
    }
  } finally {
    await database.close()
  }
}

/** What two looks have found. */
function addReport(first: InvariantReport, second = first): InvariantReport {
  return {
    ...first,
    checked: Math.max(first.checked, second.checked),
    found: first.found + second.found,
    violations: [...first.violations, ...second.violations],
  }
}

/** @returns what was killed, and what ended by itself. Nobody plays then, and the server is up. */
async function harmAll(
  database: Database,
  { server, chain, scripts, journal, engine, seed, ms, signal }: Game,
): Promise<Harm & { wrongs: readonly string[] }> {
  const startedAtMs = Date.now()
  const { compiledFolder } = scripts
  const players = createCrew({
    script: scripts.pathOf(PLAYERS),
    compiledFolder,
    args: (n) => [journal, String(startedAtMs), `${seed} ${n}`],
    size: 3,
    spares: 2,
  })
  const watchers = createCrew({
    script: scripts.pathOf(WATCHERS),
    compiledFolder,
    args: () => [journal, chain.nodeUrl, chain.treasury],
    size: 2,
    spares: 1,
  })
  const isOver: HarmOptions['isOver'] = async (done) => {
    const passedMs = Date.now() - startedAtMs
    if (signal?.aborted === true || passedMs > ms * MOST_TIMES_MS) return true
    return passedMs > ms && isEnough({ ...countNotes(await readNotes(journal)), ...done })
  }
  try {
    await lookForDeposits(database, chain) // the first look is where watchers begin
    chain.start()
    const url = playersUrl(server.url, engine)
    for (const crew of [players, watchers]) crew.begin(url)
    const dice = createDice(`${seed} harm`)
    const progress = () => sizeOfNotes(journal)
    const done = await harm({ players, watchers, crash: server.crash, dice, progress, isOver })
    return { ...done, wrongs: [...players.wrongs, ...watchers.wrongs] }
  } finally {
    await Promise.all([players.close(), watchers.close()])
  }
}

/** Their connections, as the store shows them. */
const PLAYING = 'players'

/** An operator's server has a slow disk: a commit takes 50 ms, and those who wait for its rows wait as long. */
const SLOW_DISK = '-c commit_delay=50000 -c commit_siblings=0'

function playersUrl(serverUrl: string, engine: Engine): string {
  const url = new URL(serverUrl)
  url.searchParams.set('application_name', PLAYING)
  if (engine === 'external') url.searchParams.set('options', SLOW_DISK)
  return url.href
}

/** What a process has asked for before it was killed is done all the same, and where the disk is slow only then. */
async function untilForgotten({ pool }: Database): Promise<void> {
  const asked = 'select from pg_stat_activity where application_name = $1'
  while ((await pool.query(asked, [PLAYING])).rows.length > 0) await pause(20)
}

const isEnough = (counts: Readonly<Record<string, number>>) =>
  Object.entries(LEAST).every(([what, least]) => (counts[what] ?? 0) >= least)
