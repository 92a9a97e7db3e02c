import { spawn } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEmbedded } from '../../src/db/embedded/start-embedded.ts'
import {
  copyOf,
  IS_LINUX,
  IS_ROOT,
  isRunning,
  killHard,
  query,
  scratchFolder,
  serverPid,
  spawnOwner,
  startOwner,
  startScratch,
  watchers,
} from './scratch.ts'

// Setting a server up takes most of a first start: most specs begin with a copy of one that was stopped cleanly.
let ready: string
beforeAll(async () => {
  ready = await mkdtemp(join(tmpdir(), 'groundwire-db-ready-'))
  await (await startEmbedded({ dataDir: ready, durable: false })).stop()
})
afterAll(() => rm(ready, { recursive: true, force: true }))

const NOBODY = { uid: 65_534, gid: 65_534 }

test('the first start sets the server up, and what is written is there after a clean stop', async () => {
  const dataDir = join(await scratchFolder(), 'not', 'there yet')
  const first = await startScratch(dataDir)
  await query(first.connectionString, 'create table notes (text text)')
  await query(first.connectionString, "insert into notes values ('kept')")
  await first.stop()
  expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).toContain('database system is shut down')
  expect(await readdir(dataDir)).not.toContain('owner.sock')
  const second = await startScratch(dataDir)
  expect(await query(second.connectionString, 'select * from notes')).toEqual([{ text: 'kept' }])
})

test('it listens on the loopback alone, asks for a password, and its files are nobody else’s', async () => {
  const dataDir = await copyOf(ready)
  const { connectionString } = await startScratch(dataDir, { durable: true })
  const settings = await query<{ name: string; setting: string }>(
    connectionString,
    "select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories', 'fsync', 'server_encoding')",
  )
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'on',
    server_encoding: 'UTF8',
  })
  const url = new URL(connectionString)
  url.password = 'wrong'
  await expect(query(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  const folder = join(dataDir, 'postgres')
  expect((await stat(folder)).mode & 0o077).toBe(0)
  expect((await stat(join(folder, 'groundwire.secret'))).mode & 0o077).toBe(0)
})

test('a start right after kill -9 of the owner has all that was committed', async () => {
  const dataDir = await copyOf(ready)
  const owner = await startOwner(dataDir)
  await query(owner.said.url, 'create table notes (text text)')
  const before = await serverPid(dataDir)
  await query(owner.said.url, "insert into notes values ('kept')")
  await killHard(owner.process)
  const { connectionString } = await startScratch(dataDir)
  expect(await isRunning(before)).toBe(false)
  expect(await query(connectionString, 'select * from notes')).toEqual([{ text: 'kept' }])
})

test('a server whose owner is gone ends by itself', async () => {
  const dataDir = await copyOf(ready)
  const owner = await startOwner(dataDir)
  const pid = await serverPid(dataDir)
  await killHard(owner.process)
  await expect.poll(() => isRunning(pid)).toBe(false)
  expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).toContain('database system is shut down')
})

test.runIf(IS_LINUX)('a server that nothing has ended is ended by the next start', async () => {
  const dataDir = await copyOf(ready)
  const owner = await startOwner(dataDir)
  const pid = await serverPid(dataDir)
  await query(owner.said.url, 'create table notes (text text)')
  owner.process.kill('SIGSTOP') // it would see to its server
  for (const watching of await watchers(pid)) process.kill(watching, 'SIGKILL')
  await killHard(owner.process)
  expect(await isRunning(pid)).toBe(true)
  const { connectionString } = await startScratch(dataDir)
  expect(await isRunning(pid)).toBe(false)
  expect(await query(connectionString, 'select * from notes')).toEqual([])
})

test('a server that is killed -9 is started again at the same address', async () => {
  const dataDir = await copyOf(ready)
  const warnings: string[] = []
  const log = { info() {}, warn: (...words: unknown[]) => void warnings.push(String(words.at(-1))) }
  const { connectionString } = await startScratch(dataDir, { log: log as never })
  await query(connectionString, 'create table notes (text text)')
  const pid = await serverPid(dataDir)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => query(connectionString, 'select * from notes').catch(() => 'away')).toEqual([])
  expect(await serverPid(dataDir)).not.toBe(pid)
  expect(warnings).toContain('the embedded Postgres has ended: it is started again')
})

test('a second owner is told whose the folder is, and does the first no harm', async () => {
  const dataDir = await copyOf(ready)
  const owner = await startOwner(dataDir)
  const path = await realpath(dataDir)
  await expect(startScratch(dataDir)).rejects.toThrow(`${path} is in use by another process (pid ${owner.process.pid})`)
  await expect(startScratch(dataDir)).rejects.toThrow(/DATA_DIR.*DATABASE_URL/)
  expect(await query(owner.said.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('of several that start at once, one has the folder', async () => {
  const dataDir = await copyOf(ready)
  const owners = await Promise.all([startOwner(dataDir), startOwner(dataDir), startOwner(dataDir)])
  const [winner, ...more] = owners.filter(({ said }) => said.url !== undefined)
  expect(more).toEqual([])
  expect(owners.filter(({ said }) => said.error?.includes(`(pid ${winner?.process.pid})`))).toHaveLength(2)
  expect(await query(winner?.said.url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a set-up that is broken off is done anew by the next start', async () => {
  const dataDir = await scratchFolder()
  const owner = spawnOwner(dataDir)
  await expect.poll(() => readdir(dataDir), { interval: 5 }).toContainEqual(expect.stringContaining('postgres.new-'))
  await killHard(owner)
  expect(await readdir(dataDir)).not.toContain('postgres')
  const { connectionString } = await startScratch(dataDir)
  expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
  await expect.poll(() => readdir(dataDir)).not.toContainEqual(expect.stringContaining('postgres.new-'))
})

test('a folder of another major version is left as it is, and the way out is told', async () => {
  const dataDir = await copyOf(ready)
  const versionFile = join(dataDir, 'postgres', 'PG_VERSION')
  await writeFile(versionFile, '17\n')
  await expect(startScratch(dataDir)).rejects.toThrow(
    /is of Postgres 17, and this gateway brings Postgres 18.*db -- export.*db -- import/,
  )
  await writeFile(versionFile, '18\n')
  await startScratch(dataDir)
})

test('a lock file whose pid is another program by now does not keep it from starting', async () => {
  const dataDir = await copyOf(ready)
  const owner = await startOwner(dataDir)
  const pidFile = join(dataDir, 'postgres', 'postmaster.pid')
  const lines = (await readFile(pidFile, 'utf8')).split('\n')
  const { uid, gid } = await stat(pidFile)
  owner.process.kill('SIGTERM')
  await expect.poll(() => owner.process.exitCode).toBe(0)
  const other = spawn('sleep', ['60'], IS_ROOT ? { uid, gid } : {})
  try {
    await writeFile(pidFile, [String(other.pid), ...lines.slice(1)].join('\n'), { mode: 0o600 })
    await chown(pidFile, uid, gid)
    const { connectionString } = await startScratch(dataDir)
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
    expect(await isRunning(Number(other.pid))).toBe(true)
  } finally {
    await killHard(other)
  }
})

test('Ctrl-C in the owner’s terminal does not reach the server', async () => {
  const dataDir = await copyOf(ready)
  const owner = await startOwner(dataDir)
  process.kill(-Number(owner.process.pid), 'SIGINT')
  expect(await query(owner.said.url, 'select pg_sleep(0.2), 1 as one')).toMatchObject([{ one: 1 }])
  owner.process.kill('SIGTERM')
  await expect.poll(() => owner.process.exitCode).toBe(0)
})

test.each([
  ['spaces and letters of all kinds', 'my data ☂ données "quoted" $HOME \'x\''],
  ['more letters than a socket’s path may have', join('a'.repeat(120), 'b'.repeat(120))],
])('the path of the folder may have %s', async (_what, name) => {
  const dataDir = join(await scratchFolder(), name)
  const { connectionString } = await startScratch(dataDir)
  await expect(startScratch(dataDir)).rejects.toThrow(/in use by another process \(pid \d+\)/)
  expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a folder that cannot be made is named', async () => {
  const file = join(await scratchFolder(), 'file')
  await writeFile(file, '')
  await expect(startScratch(join(file, 'data'))).rejects.toThrow(/file\/data cannot hold .*ENOTDIR.*DATA_DIR/)
})

test('a start that is broken off leaves nothing running', async () => {
  const dataDir = await copyOf(ready)
  await expect(startScratch(dataDir, { signal: AbortSignal.timeout(25) })).rejects.toThrow(/aborted/)
  await startScratch(dataDir)
})

test.runIf(IS_ROOT)(
  'for root, the server runs as another user, also below a folder that only root may enter',
  async () => {
    const closed = await scratchFolder()
    await chmod(closed, 0o700)
    const dataDir = join(closed, 'data')
    const { connectionString } = await startScratch(dataDir)
    expect(await query(connectionString, 'select 1 as one')).toEqual([{ one: 1 }])
    expect((await stat(`/proc/${await serverPid(dataDir)}`)).uid).not.toBe(0)
  },
)

test.runIf(IS_ROOT)('for anybody else it runs as they are, and root may take it over and give it back', async () => {
  const dataDir = join(await scratchFolder(), 'data')
  await chmod(join(dataDir, '..'), 0o755)
  await mkdir(dataDir)
  await chown(dataDir, NOBODY.uid, NOBODY.gid)
  for (const user of [NOBODY, {}, NOBODY]) {
    const owner = await startOwner(dataDir, user)
    expect(owner.said.error).toBeUndefined()
    expect((await stat(`/proc/${await serverPid(dataDir)}`)).uid).toBe(NOBODY.uid)
    owner.process.kill('SIGTERM')
    await expect.poll(() => owner.process.exitCode).toBe(0)
  }
})

test.runIf(IS_ROOT)('a folder of another user’s is refused in words', async () => {
  const dataDir = join(await scratchFolder(), 'data')
  await (await startScratch(dataDir)).stop()
  const owner = await startOwner(dataDir, NOBODY)
  expect(owner.said.error).toMatch(/cannot hold the embedded Postgres \(EACCES/)
})
