import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbedded } from '../src/db/embedded/start-embedded.ts'

export type Store = {
  /** An empty database of its own, as `DATABASE_URL`. */
  newDatabase(): Promise<string>
  stop(): Promise<void>
}

/** The embedded Postgres as shipped: what it has committed, it has on the disk. */
export async function startStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'groundwire-bench-'))
  const server = await startEmbedded({ dataDir: folder })
  let databases = 0
  return {
    async newDatabase() {
      const name = `bench_${++databases}`
      const client = new pg.Client(server.connectionString)
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      const url = new URL(server.connectionString)
      url.pathname = name
      return url.href
    },
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
