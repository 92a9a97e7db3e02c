import { mkdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { StoreSetupError } from '../store-setup-error.ts'
import { findBinaries } from './binaries.ts'
import { readConnectionString } from './connection-string.ts'
import { lockFolder } from './folder-lock.ts'
import { initCluster, removeUnfinished } from './init-cluster.ts'
import { createLauncher } from './launcher.ts'
import { runServer, type Server, type ServerDeps } from './run-server.ts'

/** A Postgres of our own, from npm, in a folder of ours. */
export type EmbeddedServer = {
  /** Holds its password. */
  connectionString: string
  /** Ends the server, and gives the folder free. May be called again. */
  stop(): Promise<void>
}

export type EmbeddedOptions = {
  dataDir: string
  log?: Pick<Logger, 'info' | 'warn'> | undefined
  signal?: AbortSignal | undefined
  /** False for tests alone, whose data need not survive a loss of power. */
  durable?: boolean
}

/**
 * Starts the server in `dataDir`/postgres, which it sets up where it is not there. It lives as long as this process, however
 * that ends; where it ends before, it is started again, at the same address.
 * @throws {@link StoreSetupError}
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  try {
    return await start(options)
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException
    if (syscall === undefined || error instanceof StoreSetupError) throw error
    throw new StoreSetupError(`${options.dataDir} cannot hold the embedded Postgres (${message}). Set DATA_DIR.`, {
      cause: error,
    })
  }
}

async function start({ dataDir, log, signal, durable = true }: EmbeddedOptions): Promise<EmbeddedServer> {
  await mkdir(dataDir, { recursive: true })
  const base = await realpath(dataDir)
  const folder = join(base, 'postgres')
  const binaries = await findBinaries()
  const launcher = await createLauncher(binaries, base, folder)
  const lock = await lockFolder(base, launcher.pid)
  try {
    const deps = { binaries, launcher, folder }
    await prepare(deps, durable, log)
    const server = keepRunning(deps, await runServer(deps, { durable, signal }), { durable, log })
    let stopped: Promise<void> | undefined
    return {
      connectionString: await readConnectionString(folder, server.port),
      stop() {
        stopped ??= server.stop().then(() => lock.release())
        return stopped
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** Sets the server up where it is not there. */
async function prepare(
  { binaries, launcher, folder }: ServerDeps,
  durable: boolean,
  log: EmbeddedOptions['log'],
): Promise<void> {
  const version = await readFile(join(folder, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (version === undefined) {
    log?.info({ folder }, 'setting up the embedded Postgres')
    await initCluster(binaries, launcher, folder, { durable })
  } else {
    await removeUnfinished(folder)
    const { major } = launcher
    if (version.trim() !== major) throw new StoreSetupError(toOtherMajor(folder, version.trim(), major))
  }
}

/** Where the server ends though nobody has stopped it, it is started again until that works. */
function keepRunning(
  deps: ServerDeps,
  first: Server,
  { durable, log }: { durable: boolean; log: EmbeddedOptions['log'] },
) {
  const stopping = new AbortController()
  let current = first
  const watch = async () => {
    for (;;) {
      await current.ended
      if (stopping.signal.aborted) return
      log?.warn('the embedded Postgres has ended: it is started again')
      for (let started = false; !started; ) {
        try {
          current = await runServer(deps, { durable, port: first.port, signal: stopping.signal })
          if (stopping.signal.aborted) return current.stop()
          started = true
        } catch (error) {
          if (stopping.signal.aborted) return
          log?.warn({ err: error }, 'the embedded Postgres cannot be started again yet')
          await delay(1_000, undefined, { signal: stopping.signal }).catch(() => {})
        }
      }
    }
  }
  const watched = watch()
  return {
    port: first.port,
    async stop() {
      stopping.abort()
      await current.stop()
      await watched
    },
  }
}

const toOtherMajor = (folder: string, found: string, ours: string) =>
  `${folder} is of Postgres ${found}, and this gateway brings Postgres ${ours}, which cannot read it. With the gateway that made ` +
  'it: npm run db -- export store.gz. Then, with this one and an empty DATA_DIR: npm run db -- import store.gz.'
