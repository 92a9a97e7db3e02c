import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import type { Database } from '../../src/db/database.ts'
import { openDatabase } from '../../src/db/open-database.ts'
import { createDice } from '../chaos/dice.ts'
import { type Engine, startCrashServer } from './crash-server.ts'
import { finish, type Verdict } from './finish.ts'
import type { Note } from './note.ts'
import { settleTown } from './town.ts'

export type CrashOptions = { engine: Engine; seed: number; ms: number; signal?: AbortSignal | undefined }

export type CrashReport = Verdict & {
  /** Acknowledgements by kind, and what was killed. */
  counts: Record<string, number>
}

const PROCESSES = 3
/** A process that is killed leaves none behind by itself, and the next one would start as slowly. */
const COMPILED = resolve(import.meta.dirname, '../../node_modules/.cache/chaos')
const KILL_EVERY_MS = 250
/** In kills. */
const CRASH_EVERY = 7
/** A busy machine gets more time: so much is to happen at least. */
const LEAST = { kills: 8, crashes: 2, journalBytes: 10_000 }
const MOST_TIMES_MS = 8

/** Processes play with one ledger, are killed in the middle of it and replaced, and so is their Postgres. */
export async function runCrash({ engine, seed, ms, signal }: CrashOptions): Promise<CrashReport> {
  const server = await startCrashServer(engine)
  const journal = join(tmpdir(), `groundwire-ledger-${process.pid}-${engine}-${seed}.jsonl`)
  try {
    const database = await openDatabase({ databaseUrl: server.url, dataDir: '' })
    try {
      await settleTown(createLedger({ database }))
      const harm = await harmPlayers({
        url: playersUrl(server.url, engine),
        crash: server.crash,
        journal,
        seed,
        ms,
        signal,
      })
      await untilForgotten(database)
      const notes = await readNotes(journal)
      const counts = Object.fromEntries(
        Object.entries(Object.groupBy(notes, ({ act }) => act)).map(([act, list]) => [act, list.length]),
      )
      return { ...(await finish(database, notes)), counts: { ...counts, ...harm } }
    } finally {
      await database.close()
    }
  } finally {
    await server.close()
    await rm(journal, { force: true })
  }
}

const PLAYERS = 'players'

/** An operator's server has a slow disk: a commit takes 50 ms, and those who wait for its rows wait as long. */
const SLOW_DISK = '-c commit_delay=50000 -c commit_siblings=0'

function playersUrl(serverUrl: string, engine: Engine): string {
  const url = new URL(serverUrl)
  url.searchParams.set('application_name', PLAYERS)
  if (engine === 'external') url.searchParams.set('options', SLOW_DISK)
  return url.href
}

/** What a process has asked for before it was killed is done all the same, and where the disk is slow only then. */
async function untilForgotten({ pool }: Database): Promise<void> {
  const asked = 'select from pg_stat_activity where application_name = $1'
  while ((await pool.query(asked, [PLAYERS])).rows.length > 0) await pause(20)
}

type Harm = {
  url: string
  crash(): Promise<void>
  journal: string
  seed: number
  ms: number
  signal: AbortSignal | undefined
}

/** @returns what was killed. All players are gone then, and the server is up. */
async function harmPlayers({
  url,
  crash,
  journal,
  seed,
  ms,
  signal,
}: Harm): Promise<{ kills: number; crashes: number }> {
  const dice = createDice(`${seed} harm`)
  const startedAtMs = Date.now()
  const players: Player[] = []
  let kills = 0
  let crashes = 0
  const start = () =>
    players.push(startPlayer([url, journal, `${seed} ${kills} ${players.length}`, String(startedAtMs)]))
  while (players.length < PROCESSES) start()

  async function isOver(): Promise<boolean> {
    const passedMs = Date.now() - startedAtMs
    if (signal?.aborted === true || passedMs > ms * MOST_TIMES_MS) return true
    const isEnough = kills >= LEAST.kills && crashes >= LEAST.crashes && (await sizeOf(journal)) >= LEAST.journalBytes
    return isEnough && passedMs > ms
  }

  try {
    let seen = 0
    while (!(await isOver())) {
      await pause(KILL_EVERY_MS)
      // One that has nothing begun has nothing to lose.
      const playing = players.filter(({ isPlaying }) => isPlaying())
      const size = await sizeOf(journal)
      if (playing.length === 0 || size === seen) continue
      seen = size
      if ((kills + crashes) % CRASH_EVERY === CRASH_EVERY - 1) {
        crashes++
        await crash()
        continue
      }
      const killed = dice.pick(playing)
      players.splice(players.indexOf(killed), 1)
      await killed.kill()
      kills++
      start()
    }
  } finally {
    await Promise.all(players.map(({ kill }) => kill()))
  }
  return { kills, crashes }
}

const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0

type Player = { isPlaying(): boolean; kill(): Promise<void> }

function startPlayer(args: readonly string[]): Player {
  const script = join(import.meta.dirname, '../support/ledger-process.ts')
  const child: ChildProcess = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  let isPlaying = false
  child.stdout?.once('data', () => {
    isPlaying = true
  })
  return {
    isPlaying: () => isPlaying,
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** The last line of a process that was killed may be half of one: it was not acknowledged. */
async function readNotes(journal: string): Promise<Note[]> {
  return (await readFile(journal, 'utf8')).split('\n').flatMap((line): Note[] => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
}
