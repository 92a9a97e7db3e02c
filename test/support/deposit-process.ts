import { openSync, writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { createChains } from '../../src/chain/chains.ts'
import type { Rpc } from '../../src/chain/rpc.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import { createDepositWatcher } from '../../src/payments/deposits/create-deposit-watcher.ts'
import type { Note } from '../ledger/note.ts'
import { standBy } from '../ledger/stand-by.ts'

// A watcher of deposits as a process, until it is killed: `node deposit-process.ts <journal> <URL of a node of base> <treasury>`.
// It begins with the store whose URL comes on stdin, and tells on stdout whenever it is about to credit something.
const [path = '', nodeUrl = '', treasury = ''] = process.argv.slice(2)
const EVERY_MS = 20

const journal = openSync(path, 'a')
flushCompileCache()
const database = connectDatabase({ connectionString: await standBy(), advice: '' })
const chains = createChains({ chains: ['base'], rpcUrls: { 8453: [nodeUrl] } })
const log = {
  info({ txHash }: { txHash?: string }) {
    if (txHash !== undefined) writeSync(journal, `${JSON.stringify({ act: 'credited', txHash } satisfies Note)}\n`)
  },
  warn() {},
}
const watcher = createDepositWatcher({
  database,
  chains: { ask: (chain) => tellReceipts(chains.ask(chain)) },
  treasury,
  chainNames: ['base'],
  everyMs: 2 * EVERY_MS,
  log: log as unknown as Parameters<typeof createDepositWatcher>[0]['log'],
})
// By itself it waits longer and longer while the store is away.
for (;;) {
  await watcher.look()
  await pause(EVERY_MS)
}

/** A receipt is what is asked for last. */
function tellReceipts(ask: Rpc): Rpc {
  return async (request) => {
    const answer = await ask(request)
    if (request.method === 'eth_getTransactionReceipt') process.stdout.write('crediting\n')
    return answer
  }
}
