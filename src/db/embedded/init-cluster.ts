import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StoreSetupError } from '../store-setup-error.ts'
import type { Binaries } from './binaries.ts'
import { PASSWORD_FILE, SUPERUSER } from './connection-string.ts'
import type { Launcher } from './launcher.ts'
import { toReason } from './to-reason.ts'

/**
 * Makes the server's folder. It appears whole or not at all: what a kill leaves behind has another name, and the next start
 * removes it.
 * @throws {@link StoreSetupError}
 */
export async function initCluster(
  { initdb }: Binaries,
  launcher: Launcher,
  folder: string,
  { durable }: { durable: boolean },
): Promise<void> {
  await removeUnfinished(folder)
  const unfinished = `${folder}${UNFINISHED}${randomBytes(6).toString('hex')}`
  await mkdir(unfinished, { mode: 0o700 })
  const passwordFile = `${unfinished}${SECRET}`
  try {
    const password = randomBytes(24).toString('base64url')
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (launcher.owner !== undefined) {
      await chown(unfinished, launcher.owner.uid, launcher.owner.gid)
      await chown(passwordFile, launcher.owner.uid, launcher.owner.gid)
    }
    const { code, stderr } = await launcher.run(initdb, [
      ...['--pgdata', unfinished, '--username', SUPERUSER, '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-locale', '--no-instructions'],
      ...(durable ? [] : ['--no-sync']),
    ])
    if (code !== 0) throw new StoreSetupError(`Postgres could not set up ${folder}: ${toReason(stderr)}`)
    await rename(passwordFile, join(unfinished, PASSWORD_FILE))
    await chmod(unfinished, 0o700)
    await rename(unfinished, folder)
    if (durable) await sync(dirname(folder))
  } catch (error) {
    await removeUnfinished(folder)
    throw error
  }
}

const UNFINISHED = '.new-'
const SECRET = '.secret'

export async function removeUnfinished(folder: string): Promise<void> {
  const parent = dirname(folder)
  const start = `${folder}${UNFINISHED}`
  for (const name of await readdir(parent)) {
    const path = join(parent, name)
    if (path.startsWith(start)) await rm(path, { recursive: true, force: true, maxRetries: 5 }).catch(() => {})
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().catch(() => {}) // Windows cannot
  await handle.close()
}
