import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const SCRIPT = resolve(import.meta.dirname, '../scripts/set-up.cjs')
const LOCK = {
  packages: {
    '': {},
    'node_modules/a': { version: '1.0.0' },
    'node_modules/for-tests': { version: '2.0.0', dev: true },
    'node_modules/for-windows': { version: '3.0.0', optional: true },
  },
}

let project: string
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'groundwire-set-up-'))
  await mkdir(join(project, 'scripts'))
  await mkdir(join(project, 'node_modules', '.bin'), { recursive: true })
  await copyFile(SCRIPT, join(project, 'scripts/set-up.cjs'))
  await write('package-lock.json', LOCK)
  await write('node_modules/.bin/node', {})
})
afterEach(() => rm(project, { recursive: true }))

test('a missing lockfile is one line that says how to get it back', async () => {
  await rm(join(project, 'package-lock.json'))
  const { status, output } = await setUp([])
  expect(status).toBe(1)
  expect(output).toBe('package-lock.json is missing or broken. Restore it: git checkout -- package-lock.json\n')
})

test('with all packages in place nothing is installed and nothing said', async () => {
  await install({ a: '1.0.0' })
  expect(await setUp([])).toEqual({ status: 0, output: '', npmArguments: undefined })
})

test('what tests need is installed for tests alone', async () => {
  await install({ a: '1.0.0' })
  const { status, npmArguments } = await setUp(['--dev'])
  expect(status).toBe(0)
  expect(npmArguments).toEqual(expect.arrayContaining(['ci', '--include=dev', '--include=optional']))
})

test.each([
  ['missing', {}],
  ['of another version', { a: '0.9.0' }],
])('a package that is %s is installed from the lockfile', async (_what, installed) => {
  await install(installed)
  const { status, output, npmArguments } = await setUp([])
  expect(status).toBe(0)
  expect(output).toMatch(/^Installing 1 packages from package-lock.json/)
  expect(npmArguments).toEqual(expect.arrayContaining(['ci', '--omit=dev', '--include=optional']))
})

test('an install that fails ends with what to check', async () => {
  const { status, output } = await setUp([], { exitCode: 1 })
  expect(status).toBe(1)
  expect(output).toMatch(/The install failed \(see above\)\. Is the package registry reachable\? Try: npm ping\n$/)
})

test('an npm that cannot read the lockfile is told so', async () => {
  const { status, output } = await setUp([], { userAgent: 'npm/6.14.18 node/v14.21.3 linux x64' })
  expect(status).toBe(1)
  expect(output).toBe('This npm is too old to read the lockfile. Install Node 18 or newer, then run this again.\n')
})

/** Runs the script with an npm that only notes what it was asked for. */
async function setUp(
  args: readonly string[],
  { exitCode = 0, userAgent = 'npm/11.0.0' }: { exitCode?: number; userAgent?: string } = {},
): Promise<{ status: number | null; output: string; npmArguments: unknown }> {
  const npm = join(project, 'npm.cjs')
  const notes = join(project, 'npm-arguments.json')
  await writeFile(
    npm,
    `require('fs').writeFileSync(${JSON.stringify(notes)}, JSON.stringify(process.argv.slice(2))); process.exit(${exitCode})`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, 'scripts/set-up.cjs'), ...args], {
    encoding: 'utf8',
    env: { npm_execpath: npm, npm_config_user_agent: userAgent },
  })
  const noted = await readFile(notes, 'utf8').catch(() => undefined)
  return { status, output: stdout + stderr, npmArguments: noted === undefined ? undefined : JSON.parse(noted) }
}

function install(versions: Record<string, string>): Promise<void> {
  const packages = Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }])
  return write('node_modules/.package-lock.json', { packages: Object.fromEntries(packages) })
}

function write(path: string, content: unknown): Promise<void> {
  return writeFile(join(project, path), JSON.stringify(content))
}
