import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Database } from '../../src/db/database.ts'

/** A database of its own, with all tables and no rows. Closed and dropped at the end of the test, or by `close`. */
export async function testDatabase(): Promise<Database> {
  const { url, drop } = await createDatabase()
  return dropAtEnd(connectDatabase({ connectionString: url, advice: 'the test server is gone', onClose: drop }))
}

/** As {@link testDatabase}, for a process that opens it itself. Dropped at the end of the test. */
export async function testDatabaseUrl(): Promise<string> {
  const { url, drop } = await createDatabase()
  onTestFinished(drop)
  return url
}

/** As {@link testDatabaseUrl}, with nothing in it, not even tables. */
export async function emptyDatabaseUrl(): Promise<string> {
  const { url, drop } = await createDatabase('template0')
  onTestFinished(drop)
  return url
}

/** In a hook of a whole file there is no test that ends: then the spec closes it. */
function dropAtEnd(database: Database): Database {
  try {
    onTestFinished(() => database.close())
  } catch {}
  return database
}

/** The database that the shared server was set up with, and has migrated, is the one that is copied: nobody uses it. */
export async function createDatabase(template = 'postgres'): Promise<{ url: string; drop: () => Promise<void> }> {
  const server = await serverUrl()
  const name = `test_${randomBytes(6).toString('hex')}`
  await runAdmin(server, `create database ${name} template ${template} strategy file_copy`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => runAdmin(server, `drop database if exists ${name} with (force)`) }
}

async function runAdmin(server: string, statement: string): Promise<void> {
  const url = new URL(server)
  url.pathname = '/template1' // copying a database needs that nobody is connected to it
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

async function serverUrl(): Promise<string> {
  const response = await fetch(inject('databaseServer'))
  if (!response.ok) throw new Error(await response.text())
  return response.text()
}
