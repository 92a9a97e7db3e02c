import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'peer')
const INSTALL_MS = 180_000

export const PEER_SCRIPT = join(FOLDER, 'node_modules/@portkey-ai/gateway/build/start-server.js')

/**
 * The peer gateway, installed on first use from its own lockfile: nothing of it belongs to the project. Undefined where
 * it cannot be had, which is said on stderr.
 * @returns its name and version.
 */
export async function installPeer(): Promise<string | undefined> {
  const wanted = readVersions('package-lock.json')
  const name = `@portkey-ai/gateway ${wanted?.get('node_modules/@portkey-ai/gateway')}`
  if (wanted === undefined) return leaveOut('bench/peer/package-lock.json is missing or broken')
  if (isInstalled(wanted)) return name
  say(`Installing ${name} (${wanted.size - 1} packages) into bench/peer, for this bench alone ...`)
  const failure = await npmCi()
  return failure === undefined ? name : leaveOut(failure)
}

/** npm writes `node_modules/.package-lock.json` last, so a broken-off install does not count. */
function isInstalled(wanted: ReadonlyMap<string, string>): boolean {
  const installed = readVersions('node_modules/.package-lock.json')
  return (
    installed !== undefined && [...wanted].every(([path, version]) => path === '' || installed.get(path) === version)
  )
}

function readVersions(file: string): Map<string, string> | undefined {
  try {
    const { packages } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as {
      packages: Record<string, { version: string }>
    }
    return new Map(Object.entries(packages).map(([path, { version }]) => [path, version]))
  } catch {
    return undefined
  }
}

/** Why it failed; undefined where it did not. */
async function npmCi(): Promise<string | undefined> {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=silent']
  const args = ['ci', '--prefix', FOLDER, '--ignore-scripts', '--prefer-offline', '--fetch-retries=0', ...quiet]
  const npm = process.env.npm_execpath
  const options: SpawnOptions = { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_MS }
  const child = npm ? spawn(process.execPath, [npm, ...args], options) : spawn('npm', args, options)
  try {
    const [code] = (await once(child, 'exit')) as [number | null]
    return code === 0 ? undefined : 'its install failed; see: npm ci --prefix bench/peer --ignore-scripts'
  } catch {
    return 'npm could not be started'
  }
}

function leaveOut(reason: string): undefined {
  say(`The peer gateway is left out: ${reason}.`)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
