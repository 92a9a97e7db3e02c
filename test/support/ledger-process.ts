import { openSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { connectDatabase } from '../../src/db/connect-database.ts'
import { createDice } from '../chaos/dice.ts'
import { play } from '../ledger/play.ts'
import { tillLedger } from '../ledger/till-ledger.ts'

// Players as a process, until it is killed: `node ledger-process.ts <DATABASE_URL> <journal> <seed> <start of the game, ms>`.
// What was acknowledged is in the journal before anything else is begun; the file outlives the process.
const [databaseUrl = '', path = '', seed = '', startedAtMs = '0'] = process.argv.slice(2)
const PLAYERS = 5
/** So long all processes race for the same few runs. */
const SHARED_MS = 100

const journal = openSync(path, 'a')
const ledger = tillLedger(connectDatabase({ connectionString: databaseUrl, advice: '' }))
for (let player = 0; player < PLAYERS; player++) {
  void playOn({
    ledger,
    dice: createDice(`${seed} ${player}`),
    note(note) {
      if (note.act !== 'away') writeSync(journal, `${JSON.stringify(note)}\n`)
    },
    shared: () => Math.floor((Date.now() - Number(startedAtMs)) / SHARED_MS),
  })
}
process.stdout.write('playing\n')
flushCompileCache()

async function playOn(player: Parameters<typeof play>[0]): Promise<never> {
  for (;;) await play(player)
}
