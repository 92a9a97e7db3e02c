import type { StatsFs } from 'node:fs'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { type EmbeddedServer, startEmbedded } from '../../src/db/embedded/start-embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createRunQueue } from '../../src/runs/queue/create-run-queue.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where a spec asks for the server that all share: started for the first that does. */
    databaseServer: string
  }
}

/** Vitest's `globalSetup`: one embedded server a run, on a scratch folder, and one migrated database to copy from. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(await scratch(), 'groundwire-test-'))
  let starting: Promise<EmbeddedServer> | undefined
  const door = createServer((_req, res) => {
    starting ??= startTemplate(folder)
    starting.then(
      ({ connectionString }) => res.end(connectionString),
      (error: Error) => res.writeHead(500).end(error.message),
    )
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  project.provide('databaseServer', `http://127.0.0.1:${(door.address() as AddressInfo).port}`)
  return async () => {
    door.closeAllConnections()
    door.close()
    await starting?.then(
      ({ stop }) => stop(),
      () => {},
    )
    await rm(folder, { recursive: true, force: true })
  }
}

/** Hundreds of databases are copied, which is five times as fast in memory. A container may have too little of it. */
async function scratch(): Promise<string> {
  const memory = '/dev/shm'
  const { bavail = 0, bsize = 0 } = await statfs(memory).catch(() => ({}) as Partial<StatsFs>)
  return bavail * bsize > ENOUGH_BYTES ? memory : tmpdir()
}

const ENOUGH_BYTES = 2 * 2 ** 30

async function startTemplate(folder: string): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir: folder, durable: false })
  await migrate(server.connectionString)
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const queue = await createRunQueue({ databaseUrl: server.connectionString, log: quiet }) // makes its tables
  await queue.close()
  return server
}
