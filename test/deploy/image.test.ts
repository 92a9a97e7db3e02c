import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { testDatabaseUrl } from '../support/database.ts'
import { readImageSpec } from './dockerfile.ts'
import { ROOT, startGatewayProcess } from './gateway-process.ts'

const image = await readImageSpec()

test('the build sees what the image is made of', async () => {
  const lines = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).split('\n')
  expect(lines).toContain('*')
  for (const path of [...image.copies.flatMap(({ sources }) => sources), 'package-lock.json']) {
    expect(lines).toContain(`!${path}`)
    expect(lines).toContain(`!${path.split('/')[0]}`)
  }
})

test('the image runs as a user, and is told to stop by the signal that drains', () => {
  expect(image.user).toBe('node')
  expect(image.stopSignal).toBe('SIGTERM')
})

test('its command serves with its files and production packages alone, is healthy by its own check, and stops well', async () => {
  const app = await assemble()
  const [node, ...argv] = image.entrypoint
  expect(node).toBe('node')
  // Loopback, a free port and a folder of this spec's: the rest of the environment is the image's.
  const { HOST, PORT, DATA_DIR, ...env } = image.env
  expect([HOST, PORT, DATA_DIR]).toEqual(['0.0.0.0', image.exposed, '/data'])
  const gateway = await startGatewayProcess(env, { cwd: app, argv })
  const check = (url: string) => {
    const [command = '', ...args] = image.healthcheck
    const { status } = spawnSync(command === 'node' ? process.execPath : command, args, {
      env: { ...image.env, PORT: new URL(url).port },
    })
    return status
  }
  expect(check(gateway.url)).toBe(0)
  gateway.child.kill('SIGTERM')
  expect(await gateway.exited).toEqual([0, null])
  expect(check(gateway.url)).toBe(1)
})

test('keys are made in it, and its ledger is verified', async () => {
  const cwd = await assemble()
  const env = { DATABASE_URL: await testDatabaseUrl() }
  const run = (...argv: string[]) => spawnSync(process.execPath, argv, { cwd, env, encoding: 'utf8' })
  expect(run('scripts/admin.ts', 'keys', 'create', '--name', 'me', '--grant', '5').stdout).toMatch(/^gw_/)
  expect(run('scripts/ledger.ts', 'verify').stdout).toMatch(/^I2 .* {2}0$/m)
})

/** The image's `/app`. */
async function assemble(): Promise<string> {
  const app = await mkdtemp(join(tmpdir(), 'groundwire-image-'))
  onTestFinished(() => rm(app, { recursive: true }))
  for (const { sources, target } of image.copies) {
    for (const source of sources) {
      const to = target.endsWith('/') ? join(app, target, source.split('/').at(-1) ?? '') : join(app, target)
      await cp(join(ROOT, source), to, { recursive: true, filter: (path) => !path.endsWith('.test.ts') })
    }
  }
  for (const name of await productionPackages()) {
    const link = join(app, name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(ROOT, name), link).catch(ignoreMissing)
  }
  return app
}

/** `node_modules/pg`, as `npm ci --omit=dev` installs them, without those of other packages. */
async function productionPackages(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>
  }
  return Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && !dev && path.lastIndexOf('node_modules/') === 0)
    .map(([path]) => path)
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
