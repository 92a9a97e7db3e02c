import { randomBytes } from 'node:crypto'
import { link, open, rename, unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { platform } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StoreSetupError } from '../store-setup-error.ts'

export type FolderLock = { release(): Promise<void> }

/** Another process owns the folder: the embedded server has one owner, which it lives and ends with. */
export class FolderInUseError extends StoreSetupError {
  override readonly name: string = 'FolderInUseError'
  constructor(folder: string, pid: string) {
    super(
      `${folder} is in use by another process${pid === '' ? '' : ` (pid ${pid})`}. Stop that one, give this one a folder ` +
        'of its own (DATA_DIR), or let both share a Postgres (DATABASE_URL).',
    )
  }
}

/**
 * Makes this process the one owner of a folder, until it releases it or dies, however it dies: the kernel answers at the
 * socket as long as the owner lives. Unlike the process ids that Postgres goes by, that also holds between containers.
 * @param pid - told to those who come later.
 * @throws {@link FolderInUseError}
 */
export async function lockFolder(folder: string, pid: string): Promise<FolderLock> {
  if (platform() === 'win32') return { async release() {} } // Postgres's own lock file must do
  const handle = await open(folder, 'r')
  const id = randomBytes(6).toString('hex')
  const own = `owner-${id}.sock`
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(pid)
  })
  const at = (name: string) => toAddress(folder, handle.fd, name)
  try {
    await listen(server, at(own))
    for (let tries = 1; !(await claim(join(folder, own), join(folder, NAME))); tries++) {
      const owner = await askOwner(at(NAME))
      if (owner || tries === TRIES) throw new FolderInUseError(folder, owner ?? '')
      // One that does not say its name is busy, or was just killed while it started a process, which has the socket for a moment.
      if (owner === '') await delay(PAUSE_MS)
      else await removeStale(folder, at)
    }
  } catch (error) {
    await closeServer(server)
    await handle.close()
    if (error instanceof FolderInUseError || !UNSUPPORTED.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    return { async release() {} } // a file system without sockets
  }
  await unlink(join(folder, own)).catch(() => {})
  server.unref()
  return {
    async release() {
      await unlink(join(folder, NAME)).catch(() => {})
      await closeServer(server)
      await handle.close()
    },
  }
}

const NAME = 'owner.sock'
const TRIES = 5
const PAUSE_MS = 100
const UNSUPPORTED = new Set(['EOPNOTSUPP', 'ENOTSUP', 'EPERM', 'EINVAL', 'ENOSYS'])

/** A socket's path has room for about 100 bytes; Linux has a short name for every open folder. */
function toAddress(folder: string, fd: number, name: string): string {
  const path = join(folder, name)
  return Buffer.byteLength(path) > 100 && platform() === 'linux' ? `/proc/self/fd/${fd}/${name}` : path
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, resolve)
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

async function claim(own: string, name: string): Promise<boolean> {
  try {
    await link(own, name) // unlike bind and rename, takes the name only where it is free
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The owner's pid, empty where it is too busy to say; undefined where there is no owner. */
function askOwner(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let pid = ''
    const socket = connect(address).setEncoding('utf8').setTimeout(1_000)
    socket.on('data', (text) => {
      pid += text
    })
    socket.on('timeout', () => socket.destroy())
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'ECONNREFUSED' || code === 'ENOENT' ? undefined : pid),
    )
    socket.on('close', () => resolve(pid))
  })
}

/** Another process may have put its own in the stale one's place since: then it gets it back. */
async function removeStale(folder: string, at: (name: string) => string): Promise<void> {
  const aside = `stale-${randomBytes(6).toString('hex')}.sock`
  try {
    await rename(join(folder, NAME), join(folder, aside))
  } catch {
    return // another has removed it
  }
  if ((await askOwner(at(aside))) !== undefined) await link(join(folder, aside), join(folder, NAME)).catch(() => {})
  await unlink(join(folder, aside)).catch(() => {})
}
