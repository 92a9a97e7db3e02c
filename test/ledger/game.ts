import { setTimeout as pause } from 'node:timers/promises'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import type { Ledger } from '../../src/accounts/ledger.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Database } from '../../src/db/database.ts'
import { createDice } from '../chaos/dice.ts'
import { createDatabase } from '../support/database.ts'
import { finish, type Verdict } from './finish.ts'
import type { Note } from './note.ts'
import { play } from './play.ts'
import { settleTown } from './town.ts'

export type GameOptions = {
  seed: number
  /** Of each player. */
  acts?: number
  /** The one that is tried. */
  open?: ((database: Database) => Ledger) | undefined
  /** Guards of the store that are taken down before. */
  without?: readonly string[]
}

type GameReport = Verdict & { notes: readonly Note[] }

const PLAYERS = 6
/** Games are played side by side, on a server that all specs share. */
const CONNECTIONS = 6
const CUT_EVERY_MS = 15

/** Players in this process, whose connections are cut in the middle of what they do. */
export async function playGame({ seed, acts = 20, open, without = [] }: GameOptions): Promise<GameReport> {
  const { url, drop } = await createDatabase()
  const database = connectDatabase({ connectionString: url, advice: '', onClose: drop })
  database.pool.options.max = CONNECTIONS
  try {
    return await playOn(database, { seed, acts, open, without })
  } finally {
    await database.close()
  }
}

async function playOn(
  database: Database,
  { seed, acts, open, without }: Required<Omit<GameOptions, 'open'>> & Pick<GameOptions, 'open'>,
): Promise<GameReport> {
  await settleTown(createLedger({ database }))
  for (const statement of without) await database.pool.query(statement)
  const ledger = open?.(database) ?? createLedger({ database })
  const notes: Note[] = []
  let played = 0
  const over = new AbortController()
  const cutting = cutConnections(database, seed, over.signal)
  await Promise.all(
    Array.from({ length: PLAYERS }, async (_, player) => {
      const dice = createDice(`${seed} ${player}`)
      for (let act = 0; act < acts; act++) {
        await play({ ledger, dice, note: (note) => notes.push(note), shared: () => Math.floor(played++ / 20) })
      }
    }),
  )
  over.abort()
  await cutting
  return { ...(await finish(database, notes, ledger)), notes }
}

/** As a crash of the process, or of the server, between two statements. */
async function cutConnections({ pool }: Database, seed: number, signal: AbortSignal): Promise<void> {
  const dice = createDice(`${seed} cuts`)
  while (!signal.aborted) {
    await pool
      .query(
        `select pg_terminate_backend(pid) from (
          select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() order by pid
          offset $1 limit 1
        ) as one`,
        [dice.between(0, 8)],
      )
      .catch(() => {})
    await pause(dice.between(0, 2 * CUT_EVERY_MS))
  }
}
