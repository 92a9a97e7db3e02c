import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPostmasterFile } from './postmaster-file.ts'

export const SUPERUSER = 'groundwire'

/** In the server's folder, so that it moves with it. */
export const PASSWORD_FILE = 'groundwire.secret'

/** Of the server on `folder`. Holds its password. */
export async function readConnectionString(folder: string, port: number): Promise<string> {
  const password = (await readFile(join(folder, PASSWORD_FILE), 'utf8')).trim()
  return `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres?sslmode=disable`
}

/** Of the server that another process runs in `dataDir`; undefined where none is ready there. */
export async function findRunning(dataDir: string): Promise<string | undefined> {
  const folder = join(dataDir, 'postgres')
  const { port, ready } = (await readPostmasterFile(folder)) ?? {}
  return port !== undefined && ready === true ? readConnectionString(folder, port) : undefined
}
