import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from '../../src/db/embedded/start-embedded.ts'

/** Who runs the spec as root tries the server as other users too. */
export const IS_ROOT = process.getuid?.() === 0
export const IS_LINUX = process.platform === 'linux'

/** A folder for one spec: only its user may enter. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'groundwire-db-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  return folder
}

/** As {@link scratchFolder}, with what `from` has, and its owners. */
export async function copyOf(from: string): Promise<string> {
  const folder = await scratchFolder()
  await promisify(execFile)('cp', ['-a', `${from}/.`, folder])
  return folder
}

/** Stopped at the end of the spec; `stop` may come first. */
export async function startScratch(dataDir: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ dataDir, durable: false, ...options })
  onTestFinished(() => server.stop())
  return server
}

export type Owner = {
  process: ChildProcess
  /** What it said first. */
  said: { url?: string; error?: string }
}

/** A process of its own that owns the folder. Killed at the end of the spec. */
export async function startOwner(dataDir: string, user: { uid?: number; gid?: number } = {}): Promise<Owner> {
  const child = spawnOwner(dataDir, user)
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')
  return { process: child, said: JSON.parse(line) }
}

export function spawnOwner(dataDir: string, user: { uid?: number; gid?: number } = {}): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'owner.ts'), dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    ...user,
  })
  onTestFinished(() => killHard(child))
  return child
}

export async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

export async function query<Row extends object>(
  url: string | undefined,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url ?? 'postgresql://nowhere.invalid' })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** Of the server on the folder, as it says itself. */
export async function serverPid(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])
}

/** One that has ended, and that nobody has looked after yet, counts as gone. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return !/\) Z /.test(stat)
}

/** The processes that would end the server when its owner is gone. Linux alone tells. */
export async function watchers(server: number): Promise<number[]> {
  const shell = Number(/\) \S (\d+)/.exec(await readFile(`/proc/${server}/stat`, 'utf8'))?.[1])
  const children = (await readFile(`/proc/${shell}/task/${shell}/children`, 'utf8')).trim().split(' ').map(Number)
  return [shell, ...children.filter((pid) => pid !== server)]
}
