import { execFileSync } from 'node:child_process'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { type Binaries, findBinaries } from '../../src/db/embedded/binaries.ts'
import { readConnectionString } from '../../src/db/embedded/connection-string.ts'
import { initCluster } from '../../src/db/embedded/init-cluster.ts'
import { createLauncher } from '../../src/db/embedded/launcher.ts'
import { readPostmasterFile } from '../../src/db/embedded/postmaster-file.ts'
import { runServer } from '../../src/db/embedded/run-server.ts'
import { startEmbedded } from '../../src/db/embedded/start-embedded.ts'

/** A durable Postgres of its own, which crashes and comes back on the same port. */
export type CrashServer = {
  url: string
  /** As `pg_ctl restart --mode immediate`: it recovers from its log. */
  crash(): Promise<void>
  close(): Promise<void>
}

export const ENGINES = ['embedded', 'external'] as const
export type Engine = (typeof ENGINES)[number]

export async function startCrashServer(engine: Engine): Promise<CrashServer> {
  const folder = await mkdtemp(join(tmpdir(), 'groundwire-ledger-'))
  const server = engine === 'embedded' ? await embedded(folder) : await external(folder)
  const data = join(folder, 'postgres')
  return {
    url: server.url,
    async crash() {
      const before = await readPostmasterFile(data)
      if (before !== undefined) process.kill(Number(before.pid), 'SIGQUIT')
      await server.restarted()
      while ((await readPostmasterFile(data))?.start === before?.start || !(await answers(server.url))) await pause(10)
    },
    async close() {
      await server.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

type Started = { url: string; restarted(): Promise<void>; stop(): Promise<void> }

/** Starts again by itself. */
async function embedded(dataDir: string): Promise<Started> {
  const { connectionString, stop } = await startEmbedded({ dataDir })
  return { url: connectionString, async restarted() {}, stop }
}

/** A Postgres that the system has, where it has one: an older one than ours, started as an operator would. */
async function external(folder: string): Promise<Started> {
  const base = await realpath(folder)
  const data = join(base, 'postgres')
  const binaries = (await systemBinaries()) ?? (await findBinaries())
  const launcher = await createLauncher(binaries, base, data)
  await initCluster(binaries, launcher, data, { durable: true })
  let server = await runServer({ binaries, launcher, folder: data }, { durable: true })
  const { port } = server
  return {
    url: await readConnectionString(data, port),
    async restarted() {
      await server.ended
      server = await runServer({ binaries, launcher, folder: data }, { durable: true, port })
    },
    stop: () => server.stop(),
  }
}

async function systemBinaries(): Promise<Binaries | undefined> {
  try {
    const found = execFileSync('sh', ['-c', 'command -v postgres'], { encoding: 'utf8' }).trim()
    const folder = dirname(await realpath(found))
    return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres'), pgCtl: join(folder, 'pg_ctl') }
  } catch {
    return undefined
  }
}
