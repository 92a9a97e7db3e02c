import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Scripts that start in a third of the time: each is a few files, in place of hundreds. */
export type Bundle = {
  pathOf(script: string): string
  /** For what its processes have compiled. */
  compiledFolder: string
  remove(): Promise<void>
}

/** Packages are found from there, by what looks them up while it runs. */
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache')
const SCRIPTS = resolve(import.meta.dirname, '../support')

/**
 * Where packages for development are not installed, scripts are left as they are.
 * @param scripts - files of test/support, by their names without `.ts`.
 */
export async function bundle(scripts: readonly string[]): Promise<Bundle> {
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, 'ledger-'))
  const toSource = (script: string) => join(SCRIPTS, `${script}.ts`)
  const isBuilt = await build(scripts.map(toSource), folder)
  return {
    pathOf: (script) => (isBuilt ? join(folder, `${script}.mjs`) : toSource(script)),
    compiledFolder: join(folder, 'compiled'),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 20 }),
  }
}

async function build(input: string[], dir: string): Promise<boolean> {
  const bundler = await import('rolldown').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  })
  if (bundler === undefined) return false
  const build = await bundler.rolldown({ input, platform: 'node', logLevel: 'silent' })
  await build.write({ dir, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' })
  await build.close()
  return true
}
