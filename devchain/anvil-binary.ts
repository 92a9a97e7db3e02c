import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'

/** The version the committed genesis was built and tried with. */
const ANVIL_VERSION = '1.7.1'

/** Where to look; by default what this process runs on. */
export type AnvilSearch = {
  /** A binary to use instead of looking for one. */
  anvilPath?: string | undefined
  platform?: NodeJS.Platform
  arch?: string
  /** Directories, as in PATH. */
  path?: string
}

/**
 * The anvil binary: `anvilPath`, else the platform package from npm, else `anvil` on PATH.
 * @throws Error whose one line says what to install.
 */
export function findAnvil({
  anvilPath,
  platform = process.platform,
  arch = process.arch,
  path = process.env.PATH ?? '',
}: AnvilSearch = {}): string {
  const packageName = `@foundry-rs/anvil-${platform}-${arch === 'x64' ? 'amd64' : arch}`
  const file = platform === 'win32' ? 'anvil.exe' : 'anvil'
  if (anvilPath !== undefined) {
    if (isExecutable(anvilPath)) return anvilPath
    throw new Error(`There is no anvil at ${anvilPath}; ${remedy(packageName)}`)
  }
  const onPath = path
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, file))
  const found = [resolvePackage(`${packageName}/bin/${file}`), ...onPath]
  const binary = found.find((candidate) => candidate !== undefined && isExecutable(candidate))
  if (binary === undefined) throw new Error(`The demo chain needs anvil, and none was found; ${remedy(packageName)}`)
  return binary
}

function remedy(packageName: string): string {
  return `run \`npm install --no-save ${packageName}@${ANVIL_VERSION}\`, or set RPC_URL_1 to a node of yours and use \`npm start\`.`
}

function resolvePackage(path: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(path)
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
