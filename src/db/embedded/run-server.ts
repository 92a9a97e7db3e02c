import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rename } from 'node:fs/promises'
import { createServer } from 'node:net'
import { platform } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StoreSetupError } from '../store-setup-error.ts'
import type { Binaries } from './binaries.ts'
import type { Launcher } from './launcher.ts'
import { readPostmasterFile } from './postmaster-file.ts'
import { END_SERVER, SUPERVISOR } from './supervisor.ts'
import { toReason } from './to-reason.ts'

export type Server = {
  port: number
  /** Resolves when it has ended, for whatever reason. */
  ended: Promise<void>
  /** Ends it, and waits: connections are cut, what is committed stays. */
  stop(): Promise<void>
}

export type ServerDeps = { binaries: Binaries; launcher: Launcher; folder: string }
export type ServerOptions = {
  /** Otherwise one that is free. */
  port?: number | undefined
  /** Whether what is committed survives a loss of power. */
  durable: boolean
  signal?: AbortSignal | undefined
}

/**
 * Starts the server on the folder, which nobody else must own; waits for one that is still there to end.
 * @throws {@link StoreSetupError} with what the server said.
 */
export async function runServer(deps: ServerDeps, options: ServerOptions): Promise<Server> {
  const untilMs = performance.now() + PATIENCE_MS
  for (;;) {
    options.signal?.throwIfAborted()
    const reusedPid = await endLeftover(deps)
    const port = options.port ?? (await freePort())
    const started = await tryStart(deps, { ...options, port }, reusedPid)
    if (started.type === 'running') return started.server
    const passing = PASSING.some((words) => started.said.includes(words)) && performance.now() < untilMs
    if (!passing) throw new StoreSetupError(`The embedded Postgres did not start: ${toReason(started.said)}`)
    await delay(100)
  }
}

/** What ends by itself: the port was taken in the last moment; processes of a server that was killed are still ending. */
const PASSING = ['could not bind', 'shared memory block', 'lock file "postmaster.pid" already exists']
const PATIENCE_MS = 15_000
const READY_MS = 300_000

/** @returns the pid in the server's lock file where another program has it by now, which Postgres would take for a server. */
async function endLeftover({ launcher, binaries, folder }: ServerDeps): Promise<string | undefined> {
  const left = await readPostmasterFile(folder)
  if (left === undefined) return undefined
  if (platform() === 'win32') {
    await launcher.run(binaries.pgCtl, ['stop', '--pgdata', folder, '--mode', 'fast', '--timeout', '20'])
    return undefined
  }
  const { code } = await launcher.run('sh', ['-c', END_SERVER, 'sh', left.pid, folder])
  if (code === 4) {
    throw new StoreSetupError(
      `A Postgres (pid ${left.pid}) that runs on ${folder} does not end. End it: kill -9 ${left.pid}`,
    )
  }
  return code === 3 ? left.pid : undefined
}

type Attempt = { type: 'running'; server: Server } | { type: 'failed'; said: string }

async function tryStart(
  { binaries, launcher, folder }: ServerDeps,
  { port, durable, signal }: ServerOptions & { port: number },
  reusedPid: string | undefined,
): Promise<Attempt> {
  const logFile = join(dirname(folder), 'postgres.log')
  await rename(logFile, `${logFile}.old`).catch(() => {})
  const before = await readPostmasterFile(folder)
  const log = await open(logFile, 'a', 0o600)
  const server = [binaries.postgres, '-D', folder, ...toFlags({ port, durable })]
  // Postgres leaves out of account the pid that is named so when it looks for another server.
  const command = reusedPid === undefined ? server : ['env', `PG_GRANDPARENT_PID=${reusedPid}`, ...server]
  const [program = '', args] =
    platform() === 'win32' ? [server[0], server.slice(1)] : ['sh', ['-c', SUPERVISOR, 'sh', ...command]]
  // In a session of its own, Ctrl-C in the terminal reaches the owner alone, which may still need its store.
  const child = launcher.spawn(program, args, { detached: true, stdio: ['pipe', log.fd, log.fd] })
  child.stdin?.on('error', () => {})
  const ended = once(child, 'exit').then(
    () => {},
    () => {},
  )
  await log.close()
  const stop = () => stopServer(child, ended, launcher, binaries, folder)
  let gone = false
  void ended.then(() => {
    gone = true
  })
  const untilMs = performance.now() + READY_MS
  while (!gone) {
    const now = await readPostmasterFile(folder)
    if (now?.ready === true && now.port === port && now.start !== before?.start) {
      return { type: 'running', server: { port, ended, stop } }
    }
    if (signal?.aborted === true || performance.now() > untilMs) {
      await stop()
      signal?.throwIfAborted()
    } else {
      await delay(5)
    }
  }
  return { type: 'failed', said: await readFile(logFile, 'utf8').catch(() => '') }
}

async function stopServer(
  child: ChildProcess,
  ended: Promise<void>,
  launcher: Launcher,
  { pgCtl }: Binaries,
  folder: string,
): Promise<void> {
  child.stdin?.end()
  if (platform() === 'win32') {
    const stopped = await launcher.run(pgCtl, ['stop', '--pgdata', folder, '--mode', 'fast', '--timeout', '10'])
    if (stopped.code !== 0) await launcher.run(pgCtl, ['stop', '--pgdata', folder, '--mode', 'immediate'])
  }
  await ended
}

/** Errors in statements are their callers' to log. */
function toFlags({ port, durable }: { port: number; durable: boolean }): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 100,
    shared_buffers: '64MB',
    log_min_messages: 'log',
    log_checkpoints: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
