import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { platform, userInfo } from 'node:os'
import { dirname } from 'node:path'
import { StoreSetupError } from '../store-setup-error.ts'
import type { Binaries } from './binaries.ts'

/** Starts the server's programs: as this user, or, for root, as which Postgres refuses to run, as another. */
export type Launcher = {
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess
  /** @returns the exit code, and what was printed. */
  run(command: string, args: readonly string[]): Promise<Ran>
  /** Whom files must belong to, where that is not this user. */
  owner: User | undefined
  /** Of the server: `18`. */
  major: string
  /** Of this process. */
  pid: string
}

type User = { uid: number; gid: number }
type Ran = { code: number; stdout: string; stderr: string }

/**
 * @param dataDir - must be there.
 * @param folder - the server's own; where it is there, whoever owns it runs the server.
 * @throws {@link StoreSetupError}
 */
export async function createLauncher(binaries: Binaries, dataDir: string, folder: string): Promise<Launcher> {
  const own: Start = { prefix: [], options: {} }
  if (platform() === 'win32') return toLauncher(own, undefined, await probeWindows(own, binaries))
  if (userInfo().uid !== 0) return toLauncher(own, undefined, throwIfFailed(await probe(own, binaries, dataDir)))
  const owner = (await ownerOf(folder)) ?? (await systemUser())
  const plain: Start = { prefix: [], options: { ...owner } }
  let ran: Ran | undefined
  for (const start of [plain, ...CAPABILITIES.map((capability) => withCapability(capability, owner))]) {
    ran = await probe(start, binaries, dataDir)
    if (ran.code === 0) return toLauncher(start, owner, ran)
  }
  throw new StoreSetupError(
    `As root, the embedded Postgres runs as another user (uid ${owner.uid}), who cannot enter ${dataDir} or ` +
      `${dirname(binaries.postgres)}. Run as an ordinary user, move both to where others may enter, or set DATABASE_URL.`,
  )
}

type Start = { prefix: readonly string[]; options: SpawnOptions }

/**
 * Where a folder above lets only root pass, the server may pass through folders as root does, the least of root's powers
 * that will do; containers often have the second alone. access(2), by which Postgres looks for its own parts, minds them
 * under `no_setuid_fixup` only.
 */
const CAPABILITIES = ['dac_read_search', 'dac_override']

function withCapability(capability: string, { uid, gid }: User): Start {
  const become = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs']
  const keep = ['--securebits=+no_setuid_fixup', `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`]
  return { prefix: ['setpriv', ...become, ...keep], options: {} }
}

function toLauncher(start: Start, owner: User | undefined, { stdout }: Ran): Launcher {
  const [pid = '', version = ''] = stdout.split('\n')
  return {
    spawn: (command, args, options) => launch(start, command, args, options),
    run: (command, args) => run(start, command, args),
    owner,
    major: /\d+/.exec(version)?.[0] ?? '',
    pid,
  }
}

/** Whether the server's program runs, and may enter the folder. */
function probe(start: Start, { postgres }: Binaries, dataDir: string): Promise<Ran> {
  return run(start, 'sh', ['-c', 'echo $PPID; cd "$1" && exec "$2" --version', 'sh', dataDir, postgres])
}

async function probeWindows(start: Start, { postgres }: Binaries): Promise<Ran> {
  const ran = throwIfFailed(await run(start, postgres, ['--version']))
  return { ...ran, stdout: `\n${ran.stdout}` }
}

function throwIfFailed(ran: Ran): Ran {
  if (ran.code === 0) return ran
  throw new StoreSetupError(
    `The embedded Postgres does not run here: ${ran.stderr.trim()}\nSet DATABASE_URL to a Postgres of your own.`,
  )
}

async function ownerOf(folder: string): Promise<User | undefined> {
  const found = await stat(folder).catch(() => undefined)
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid }
}

async function systemUser(): Promise<User> {
  const found = (await lookUp('postgres')) ?? (await lookUp(OWN_USER))
  if (found !== undefined) return found
  const options = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent']
  const made = await run(AS_SELF, 'useradd', [...options, '--shell', '/usr/sbin/nologin', OWN_USER])
  const user = await lookUp(OWN_USER)
  if (user !== undefined) return user
  throw new StoreSetupError(
    'Postgres does not run as root, there is no system user named postgres, and none could be made ' +
      `(${made.stderr.trim()}). Make one (useradd --system postgres), run as an ordinary user, or set DATABASE_URL.`,
  )
}

async function lookUp(name: string): Promise<User | undefined> {
  const ids = await Promise.all(['-u', '-g'].map((option) => run(AS_SELF, 'id', [option, name])))
  const [uid, gid] = ids.map(({ code, stdout }) => (code === 0 ? Number(stdout) : 0))
  return uid && gid ? { uid, gid } : undefined
}

const AS_SELF: Start = { prefix: [], options: {} }
const OWN_USER = 'groundwire'

/** Settings for Postgres in the environment (`PGOPTIONS`, `PGDATA`) are not meant for this server. */
const ENVIRONMENT =
  platform() === 'win32'
    ? {}
    : { env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' } }

function launch({ prefix, options }: Start, command: string, args: readonly string[], more: SpawnOptions = {}) {
  const [program = command, ...rest] = [...prefix, command, ...args]
  return spawn(program, rest, { cwd: '/', windowsHide: true, ...ENVIRONMENT, ...options, ...more })
}

function run(start: Start, command: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = launch(start, command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', (error) => resolve({ code: -1, stdout, stderr: error.message }))
    child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
  })
}
