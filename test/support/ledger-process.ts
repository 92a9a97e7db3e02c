import { openSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { connectDatabase } from '../../src/db/connect-database.ts'
import { createDice } from '../chaos/dice.ts'
import { play } from '../ledger/play.ts'
import { standBy } from '../ledger/stand-by.ts'
import { tillLedger } from '../ledger/till-ledger.ts'

// Players as a process, until it is killed: `node ledger-process.ts <journal> <start of the game, ms> <seed>`. They begin with the
// store whose URL comes on stdin, and tell on stdout when the first of them has done something.
// What was acknowledged is in the journal before anything else is begun; the file outlives the process.
const [path = '', startedAtMs = '0', seed = ''] = process.argv.slice(2)
const PLAYERS = 5
/** So long all processes race for the same few runs. */
const SHARED_MS = 100

const journal = openSync(path, 'a')
flushCompileCache()
const ledger = tillLedger(connectDatabase({ connectionString: await standBy(), advice: '' }))
let isPlaying = false
for (let player = 0; player < PLAYERS; player++) {
  void playOn({
    ledger,
    dice: createDice(`${seed} ${player}`),
    note(note) {
      if (note.act === 'away') return
      writeSync(journal, `${JSON.stringify(note)}\n`)
      if (!isPlaying) process.stdout.write('playing\n')
      isPlaying = true
    },
    shared: () => Math.floor((Date.now() - Number(startedAtMs)) / SHARED_MS),
  })
}

async function playOn(player: Parameters<typeof play>[0]): Promise<never> {
  for (;;) await play(player)
}
