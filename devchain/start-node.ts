import { rmSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { type Anvil, startAnvil } from './anvil.ts'
import type { Meta } from './meta.ts'
import { NODE_DIRECTORY_PREFIX, recordNode } from './orphans.ts'
import { HISTORY_SEC } from './replay.ts'

export type NodeOptions = {
  binary: string
  /** Directory of the records. */
  records: string
  blockTimeSec?: number | undefined
  signal?: AbortSignal | undefined
}

/**
 * Blocks whose state is kept, in memory. Without a limit anvil writes older states to disk, and leaves them there;
 * with one, a node holds about 0.4 GB after a day of 12 s blocks at 256 states.
 */
const KEPT_STATES = { mining: 256, still: 1024 }

/** Starts a chain's node at its genesis, dated so that the history ends now, and keeps a record of it while it runs. */
export async function startNode(meta: Meta, { binary, records, blockTimeSec, signal }: NodeOptions): Promise<Anvil> {
  const directory = await mkdtemp(join(tmpdir(), NODE_DIRECTORY_PREFIX))
  let forget = () => rmSync(directory, { recursive: true, force: true })
  const onSpawn = (pid: number) => {
    forget = recordNode(records, { pid, ownerPid: process.pid, binary, directory, startedAtMs: Date.now() })
  }
  try {
    const genesis = join(directory, 'genesis.json')
    await writeGenesis(meta.chainId, genesis)
    const args = [...toArgs(meta, blockTimeSec), '--init', genesis, '--cache-path', directory]
    const node = await startAnvil(binary, args, { signal, onSpawn })
    await rm(genesis, { force: true })
    const exited = node.exited.then(() => forget())
    return { ...node, stop: () => node.stop().then(() => exited) }
  } catch (error) {
    forget()
    throw error
  }
}

function toArgs({ chainId, genesisBlock }: Meta, blockTimeSec: number | undefined): string[] {
  const keptStates = blockTimeSec === undefined ? KEPT_STATES.still : KEPT_STATES.mining
  const startSec = Math.floor(Date.now() / 1000) - HISTORY_SEC
  return [
    ...['--chain-id', String(chainId), '--number', String(genesisBlock), '--timestamp', String(startSec)],
    ...['--accounts', '0', '--auto-impersonate', '--no-mining', '--prune-history', String(keptStates)],
    // Two blocks back is final, and not two epochs of 32.
    ...['--disable-default-create2-deployer', '--slots-in-an-epoch', '1'],
  ]
}

async function writeGenesis(chainId: number, path: string): Promise<void> {
  const packed = await readFile(new URL(`./genesis/${chainId}.json.br`, import.meta.url))
  await writeFile(path, await promisify(brotliDecompress)(packed))
}
