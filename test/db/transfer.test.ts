import { randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { createKey } from '../../src/accounts/keys/create-key.ts'
import { createInvitation } from '../../src/accounts/orgs/create-invitation.ts'
import { issueNonce } from '../../src/accounts/sign-in/nonces.ts'
import { createSession } from '../../src/accounts/sign-in/sessions.ts'
import { verifyLedger } from '../../src/accounts/verify/verify-ledger.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Database } from '../../src/db/database.ts'
import { NEWEST_MIGRATION } from '../../src/db/migrate.ts'
import { exportStore } from '../../src/db/transfer/export-store.ts'
import { importStore } from '../../src/db/transfer/import-store.ts'
import { STORED_TABLES, UNSTORED_TABLES } from '../../src/db/transfer/store-file.ts'
import { emptyDatabaseUrl, testDatabase, testDatabaseUrl } from '../support/database.ts'
import { livedLedger } from '../support/ledger-life.ts'
import { ANN, BOB } from '../support/ledger-orders.ts'
import { ACTOR, startOrg } from '../support/orgs.ts'
import { query, scratchFolder } from './scratch.ts'

/** What JSON may hold, and what a text may: letters of every length, escapes of NUL and of half a pair, quotes, a megabyte. */
const HOSTILE_JSON = `{"a":  "\\u0000\\ud800 \\"'\\\\n\\\\. \\u00e9é☂😀\\u2028", "big": 12345678901234567890.10, "big": "twice"}`
const HOSTILE_TEXT = `'";--\\N\\.\t\r\n${'☂😀'.repeat(250_000)}\u0001\u007f\ufeff`
const CALLER = HOSTILE_TEXT.slice(0, 100)

async function fill({ db }: Database, text = HOSTILE_TEXT): Promise<void> {
  for (const [id, state] of [
    ['run_aaaaaaaaaaaaaaaaaaaaaaaa', 'queued'],
    ['run_bbbbbbbbbbbbbbbbbbbbbbbb', 'completed'],
  ] as const) {
    const hasEnded = state === 'completed'
    await db
      .insertInto('runs')
      .values({
        ...{ id, state, caller: CALLER, route: 'chat', model: 'conductor', order: HOSTILE_JSON },
        ...{
          envelope: 'null',
          body_hash: 'hash',
          has_key: true,
          background: false,
          in_place: false,
          bytes: 1,
          run_timeout_ms: 1000,
          usage: '{}',
        },
        deadline: sql`'infinity'`,
        ...(hasEnded ? { ended_at: sql`'2026-01-02 03:04:05.678901+05:30'`, outcome: HOSTILE_JSON } : {}),
      })
      .execute()
    await db.insertInto('run_events').values({ run_id: id, seq: 1, note: '{"type":"queued"}' }).execute()
    await db.insertInto('run_steps').values({ run_id: id, step: 1, events: HOSTILE_JSON }).execute()
    await db
      .insertInto('run_tools')
      .values({ run_id: id, step: 1, seq: 1, call_id: HOSTILE_TEXT.slice(0, 50), record: '1' })
      .execute()
    await db.insertInto('run_jobs').values({ run_id: id, step: 1, model: 'm', job: '{}' }).execute()
    await db
      .insertInto('idempotency_keys')
      .values({ caller: CALLER, route: 'chat', key: id, body_hash: 'hash', run_id: id })
      .execute()
  }
  const expires_at = sql<Date>`clock_timestamp()`
  const kept = Array.from({ length: 230 }, (_, n) => ({
    kind: 'turn',
    caller: 'c',
    id: `${n}`,
    value: 'x',
    expires_at,
  }))
  await db
    .insertInto('kept')
    .values([...kept, { ...kept[0], kind: 'large', value: text } as never])
    .execute()
  await db.insertInto('leases').values({ name: 'sweep', holder: 'somebody', until: expires_at }).execute()
}

/** A store in which every table has rows. */
async function filledStore(text?: string): Promise<Database> {
  const { database } = await livedLedger()
  await fill(database, text)
  const { db } = database
  const { id: org } = await startOrg(db, { owner: ANN, also: [[BOB, 'member']] })
  await createInvitation(
    db,
    { org, by: ANN, role: 'viewer', ttlSec: 3_600, creditsPerDay: null, creditsPerMonth: null },
    ACTOR,
  )
  await createKey(db, { name: HOSTILE_TEXT.slice(0, 50), account: ANN, scopes: { models: ['operator'] } }, ACTOR)
  await createSession(db, { wallet: ANN, chainId: 1, lifetimeMs: 60_000 }, ACTOR)
  await issueNonce(db)
  await db.insertInto('rate_limits').values({ subject: 's', used: 1, ends_at: sql<Date>`now()` }).execute()
  return database
}

/** By table, of those that move. */
async function rowsOf(url: string): Promise<Record<string, number>> {
  const counts = STORED_TABLES.map(async (table) => [table, (await query(url, `select from ${table}`)).length] as const)
  return Object.fromEntries(await Promise.all(counts))
}

/** Of all tables that move, as Postgres writes them. */
async function contents(url: string): Promise<string[]> {
  const rows = await Promise.all(
    STORED_TABLES.map((table) => query<{ row: string }>(url, `select t::text as row from ${table} t order by 1`)),
  )
  return rows.flat().map(({ row }) => row)
}

async function exported(url: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  const target = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  await exportStore(url, target)
  return Buffer.concat(chunks)
}

async function filled(): Promise<{ url: string; file: Buffer }> {
  const store = await testDatabase()
  await fill(store, 'small')
  return { url: store.connectionString, file: await exported(store.connectionString) }
}

test('an export, imported elsewhere, is the same store, to the last letter', async () => {
  const store = await filledStore()
  const path = join(await scratchFolder(), 'store.gz')
  const counts = await rowsOf(store.connectionString)
  expect(Object.keys(counts).filter((table) => counts[table] === 0)).toEqual([])
  expect(await exportStore(store.connectionString, createWriteStream(path))).toEqual(counts)
  for (const target of [await testDatabaseUrl(), await emptyDatabaseUrl()]) {
    expect(await importStore(target, createReadStream(path))).toEqual(counts)
    expect(await contents(target)).toEqual(await contents(store.connectionString))
    for (const table of UNSTORED_TABLES) expect(await query(target, `select from ${table}`)).toEqual([])
  }
})

test('a ledger that was imported adds up, and guards its rows as before', async () => {
  const { connectionString } = await filledStore('small')
  const target = await testDatabaseUrl()
  await importStore(target, Readable.from([await exported(connectionString)]))
  const database = connectDatabase({ connectionString: target, advice: 'the test server is gone' })
  onTestFinished(() => database.close())
  const reports = await verifyLedger(database.db)
  expect(reports.find(({ id }) => id === 'I2')?.checked).toBeGreaterThan(0)
  // The server of all specs does not wait for its disk.
  expect(reports.filter(({ id, found }) => id !== 'I7' && found > 0)).toEqual([])
  for (const change of [
    'update ledger_transfers set amount = amount + 1',
    'delete from run_usage',
    "update audit_log set actor = 'nobody'",
    "delete from holds where state <> 'open'",
  ])
    await expect(query(target, change)).rejects.toThrow('are never changed')
})

test('every table moves, or is known not to', async () => {
  const url = await testDatabaseUrl()
  const tables = await query<{ name: string }>(
    url,
    "select tablename as name from pg_tables where schemaname = 'public' and tablename not like 'groundwire_migration%'",
  )
  expect(tables.map(({ name }) => name).sort()).toEqual([...STORED_TABLES, ...UNSTORED_TABLES].sort())
})

test('an export shows one moment, whatever is written meanwhile', async () => {
  const store = await testDatabase()
  await fill(store)
  // So long that the file begins to fill before the tables after it are read.
  const noise = JSON.stringify(randomBytes(1_000_000).toString('base64'))
  await store.db.updateTable('run_steps').set({ events: noise }).execute()
  const chunks: Buffer[] = []
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, done) {
      chunks.push(chunk)
      if (chunks.length !== 2)
        done() // the first may come before anything is read
      else
        store.db
          .deleteFrom('kept')
          .execute()
          .then(() => done(), done)
    },
  })
  expect(await exportStore(store.connectionString, slow)).toMatchObject({ kept: 231 })
  expect(gunzipSync(Buffer.concat(chunks)).toString().trim().split('\n').at(-1)).toContain('"kept":231')
  expect(await query(store.connectionString, 'select from kept')).toEqual([])
})

test('a store that has rows is left as it is, unless they may go', async () => {
  const { file } = await filled()
  const target = await testDatabaseUrl()
  await query(target, "insert into kept values ('old', 'c', 'i', 'v', now())")
  const before = await contents(target)
  await expect(importStore(target, Readable.from([file]))).rejects.toThrow(/has rows already.*--replace/)
  expect(await contents(target)).toEqual(before)
  await importStore(target, Readable.from([file]), { replace: true })
  expect(await query(target, "select from kept where kind = 'old'")).toEqual([])
  expect(await query(target, 'select from runs')).toHaveLength(2)
})

test('a store that a gateway uses is left as it is', async () => {
  const { file } = await filled()
  const target = await testDatabase()
  await target.db.selectFrom('runs').selectAll().execute()
  await expect(importStore(target.connectionString, Readable.from([file]))).rejects.toThrow(/A gateway uses this store/)
})

test('a database without a store has nothing to export', async () => {
  await expect(exported(await emptyDatabaseUrl())).rejects.toThrow('There is no store in this database')
})

test('a file that is not a whole export changes nothing', async () => {
  const { file } = await filled()
  const target = await testDatabaseUrl()
  await query(target, "insert into kept values ('old', 'c', 'i', 'v', now())")
  const before = await contents(target)
  const lines = gunzipSync(file).toString().split('\n')
  const broken = {
    empty: Buffer.from(''),
    'not compressed': Buffer.from('hello'),
    'behind another line': Buffer.concat([Buffer.from('> groundwire@0.1.0 db\n'), file]),
    'cut off': file.subarray(0, file.length - 200),
    'cut off at a line': gzipSync(lines.slice(0, -2).join('\n')),
    'without its last table': gzipSync([...lines.slice(0, 20), ...lines.slice(-2)].join('\n')),
    'with a line more': gzipSync(`${lines.join('\n')}[]\n`),
    'with an unknown table': gzipSync(lines.join('\n').replace('"table":"runs"', '"table":"pg_authid"')),
    'with an unknown column': gzipSync(lines.join('\n').replace('"columns":["id"', '"columns":["idea"')),
    'with a row of another length': gzipSync(lines.join('\n').replace('["run_', '["x","run_')),
    'with a value that does not fit': gzipSync(lines.join('\n').replace('"queued"', '"dreaming"')),
    'with a row twice': gzipSync(
      lines.flatMap((line) => (line.startsWith('["run_b') ? [line, line] : line)).join('\n'),
    ),
    'with half a letter': gzipSync(Buffer.concat([Buffer.from(lines.join('\n')), Buffer.from([0xe2, 0x98])])),
    foreign: gzipSync('{"format":"other","version":1}\n'),
  }
  for (const [what, bytes] of Object.entries(broken)) {
    await expect(importStore(target, Readable.from([bytes]), { replace: true }), what).rejects.toThrow(
      /not a whole export/,
    )
    expect(await contents(target), what).toEqual(before)
  }
})

test('the export of a newer gateway is refused, and so is a newer store', async () => {
  const { file } = await filled()
  const newer = gzipSync(gunzipSync(file).toString().replace(NEWEST_MIGRATION, '9999-marvels'))
  const target = await testDatabaseUrl()
  await expect(importStore(target, Readable.from([newer]))).rejects.toThrow(/newer gateway.*9999-marvels/)
  await query(target, "insert into groundwire_migrations values ('9999-marvels', now())")
  await expect(importStore(target, Readable.from([file]))).rejects.toThrow(/newer gateway.*9999-marvels/)
})
