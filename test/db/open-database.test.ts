import { readdir } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { NEWEST_MIGRATION } from '../../src/db/migrate.ts'
import { type DatabaseOptions, openDatabase } from '../../src/db/open-database.ts'
import { isUniqueViolation, toStoreError } from '../../src/db/store-error.ts'
import { emptyDatabaseUrl, testDatabase, testDatabaseUrl } from '../support/database.ts'
import { query, scratchFolder } from './scratch.ts'

async function open(options: Partial<DatabaseOptions>) {
  const database = await openDatabase({ databaseUrl: undefined, dataDir: '/nowhere', ...options })
  onTestFinished(() => database.close())
  return database
}

/** A way to the server of `url` that can be shut. */
async function gate(url: string, port = 0) {
  const { hostname, port: to } = new URL(url)
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    const upstream = connect(Number(to), hostname)
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const shut = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  onTestFinished(shut)
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  return { url: own.href, port: Number(own.port), shut }
}

test('without a DATABASE_URL the store is in DATA_DIR, and there again after a restart', async () => {
  const dataDir = await scratchFolder()
  const first = await open({ dataDir })
  await first.db.insertInto('leases').values({ name: 'a', holder: 'b', until: sql`now()` }).execute()
  expect(await first.check()).toEqual({ status: 'ok' })
  await first.close()
  await first.close()
  expect(await first.check()).toMatchObject({ status: 'down', detail: expect.stringContaining('DATA_DIR') })
  const second = await open({ dataDir })
  expect(await second.db.selectFrom('leases').select('name').execute()).toEqual([{ name: 'a' }])
  expect(await readdir(dataDir)).toContain('postgres')
})

test('several processes that open an empty database at once make its tables once', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  const opened = await Promise.all(Array.from({ length: 5 }, () => open({ databaseUrl })))
  for (const { db } of opened) expect(await db.selectFrom('runs').selectAll().execute()).toEqual([])
  expect(await query(databaseUrl, 'select name from groundwire_migrations')).toHaveLength(
    Number(NEWEST_MIGRATION.slice(0, 4)),
  )
  await Promise.all(opened.map(({ close }) => close()))
})

test('other programs’ tables in the database do not matter', async () => {
  const databaseUrl = await emptyDatabaseUrl()
  await query(databaseUrl, 'create table kysely_migration (name text)')
  await query(databaseUrl, "insert into kysely_migration values ('2020-theirs')")
  const { db, close } = await open({ databaseUrl })
  expect(await db.selectFrom('runs').selectAll().execute()).toEqual([])
  await close()
})

test('a store that a newer gateway has changed is refused', async () => {
  const databaseUrl = await testDatabaseUrl()
  await query(databaseUrl, "insert into groundwire_migrations values ('9999-marvels', now())")
  await expect(open({ databaseUrl })).rejects.toThrow(new RegExp(`newer gateway.*9999-marvels.*${NEWEST_MIGRATION}`))
})

test('a server that is still starting is waited for, which is said once', async () => {
  const databaseUrl = await testDatabaseUrl()
  const first = await gate(databaseUrl)
  first.shut()
  const said: unknown[] = []
  const log = { warn() {}, info: (...words: unknown[]) => void said.push(words) }
  const opening = open({ databaseUrl: first.url, log: log as never })
  await expect.poll(() => said).toHaveLength(1)
  await gate(databaseUrl, first.port)
  const { check, close } = await opening
  expect(await check()).toEqual({ status: 'ok' })
  expect(said).toEqual([
    [expect.objectContaining({ address: expect.stringContaining(`:${first.port}/`) }), expect.any(String)],
  ])
  await close()
})

test('waiting ends with the start', async () => {
  const databaseUrl = 'postgres://somebody:secret@127.0.0.1:1/groundwire'
  await expect(open({ databaseUrl, signal: AbortSignal.timeout(50) })).rejects.toThrow(/aborted/)
})

test('a wrong password is told at once, and repeats neither it nor the user', async () => {
  const url = new URL(await testDatabaseUrl())
  url.password = 'open-sesame'
  const failed = await open({ databaseUrl: url.href }).catch((error: Error) => error.message)
  expect(failed).toMatch(
    /^The Postgres at 127\.0\.0\.1:\d+\/test_\w+ \(DATABASE_URL\) cannot be used: password authentication/,
  )
  expect(failed).not.toContain('open-sesame')
})

test('while the server cannot be reached a query fails as 503, and works when it can again', async () => {
  const { connectionString } = await testDatabase()
  const way = await gate(connectionString)
  const { db, check, close } = await open({ databaseUrl: way.url })
  const ask = () => sql`select 1`.execute(db).then(({ rows }) => rows.length, toStoreError)
  const running = sql`select pg_sleep(60)`.execute(db).then(() => 'done', toStoreError)
  await expect
    .poll(() =>
      query(
        connectionString,
        "select from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()",
      ),
    )
    .toHaveLength(1)
  way.shut()
  const away = { status: 503, code: 'store_unavailable', type: 'service_unavailable_error', retryAfterSec: 5 }
  expect(await running).toMatchObject(away)
  expect(await ask()).toMatchObject(away)
  expect(((await ask()) as Error).message).not.toMatch(/127\.0\.0\.1|\d{4}/)
  expect(await check()).toEqual({ status: 'down', detail: expect.stringContaining('DATABASE_URL') })
  await gate(connectionString, way.port)
  expect(await ask()).toBe(1)
  await close()
})

test('connections that the server ends fail as 503, and are replaced', async () => {
  const { db } = await testDatabase()
  const running = sql`select pg_sleep(60)`.execute(db).then(() => 'done', toStoreError)
  await expect
    .poll(async () => {
      const { rows } = await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where query like '%pg_sleep(60)%' and pid <> pg_backend_pid() and datname = current_database()`.execute(db)
      return rows
    })
    .toHaveLength(1)
  expect(await running).toMatchObject({ status: 503, code: 'store_unavailable' })
  await expect.poll(() => sql`select 1 as one`.execute(db).then(({ rows }) => rows, toStoreError)).toEqual([{ one: 1 }])
})

test('an error in a statement stays what it is', async () => {
  const { db } = await testDatabase()
  const insert = () => db.insertInto('leases').values({ name: 'a', holder: 'b', until: sql`now()` }).execute()
  await insert()
  const twice = await insert().catch(toStoreError)
  expect(isUniqueViolation(twice)).toBe(true)
  expect(isUniqueViolation(twice, 'leases_pkey')).toBe(true)
  expect(isUniqueViolation(twice, 'other')).toBe(false)
  const wrong = await sql`select nothing`.execute(db).catch(toStoreError)
  expect(wrong).toMatchObject({ code: '42703' })
  expect(isUniqueViolation(wrong)).toBe(false)
})
