import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../src/config.ts'
import { readImageSpec } from './dockerfile.ts'
import { ROOT } from './gateway-process.ts'

const read = (path: string) => readFile(join(ROOT, path), 'utf8')

type Service = {
  image: string
  env_file?: string
  environment?: Record<string, string | number>
  ports?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: object
  stop_grace_period?: string
}

const compose = parse(await read('compose.yaml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const services = Object.entries(compose.services)
const ours = services.filter(([, { image }]) => image === 'groundwire')
const image = await readImageSpec()
const unit = await read('deploy/groundwire@.service')
const nginx = await read('deploy/nginx.conf')
const example = await readEnv()
const DEFAULTS = parseConfig({})

const SYSTEMD = 'systemd-analyze'
/** Those of compose and of other programs. */
const NOT_OURS = ['NODE_ENV', 'POSTGRES_PASSWORD', 'PUBLISH']
const STOP_SEC = DEFAULTS.drainMs / 1000 + 10

test('every setting named in a file of the deployment exists', async () => {
  const source = await read('src/config.ts')
  const named = [
    ...Object.keys(image.env),
    ...ours.flatMap(([, { environment = {} }]) => Object.keys(environment)),
    ...[...unit.matchAll(/\b([A-Z_]+)=\S/g)].map((match) => match[1] ?? ''),
    ...Object.keys(example),
  ]
  expect(named).toContain('DATABASE_URL')
  for (const name of new Set(named)) {
    const isKnown = NOT_OURS.includes(name) || /^RPC_URL_\d+$/.test(name) || source.includes(`\n  ${name}: `)
    expect(isKnown, name).toBe(true)
  }
})

test('the example of an environment is one that starts', () => {
  const url = 'postgres://groundwire:secret@postgres:5432/groundwire'
  for (const [, { environment }] of ours) {
    expect(parseConfig({ ...example, ...toText(environment), DATABASE_URL: url })).toMatchObject({
      databaseUrl: url,
      redisUrl: 'redis://redis:6379',
    })
  }
})

test('compose runs gateways and workers on one store and one queue, both of them kept', () => {
  expect(ours.map(([name, { environment }]) => [name, environment?.ROLE])).toEqual([
    ['gateway', 'gateway'],
    ['worker', 'worker'],
  ])
  for (const [, { environment = {}, depends_on }] of ours) {
    expect(depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    })
    expect(new URL(String(environment.DATABASE_URL).replace(/\$\{.*\}/, 'x')).hostname).toBe('postgres')
    expect(new URL(String(environment.REDIS_URL)).hostname).toBe('redis')
  }
  for (const name of ['postgres', 'redis']) {
    expect(compose.services[name]?.healthcheck).toBeDefined()
    expect(compose.volumes).toHaveProperty(compose.services[name]?.volumes?.[0]?.split(':')[0] ?? '')
  }
})

test('every path that the files name is there', () => {
  const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''))
  const paths = [
    ...mounted.filter((path) => path.startsWith('.')),
    ...[...unit.matchAll(/\/opt\/groundwire\/(\S+)/g)].map((match) => match[1] ?? ''),
    ...(/^ExecStart=.* (\S+)$/m.exec(unit)?.slice(1) ?? []),
  ]
  expect(paths).toEqual(expect.arrayContaining(['./deploy/nginx.conf', 'node_modules/.bin/node', 'src/main.ts']))
  for (const path of paths) expect(existsSync(join(ROOT, path)), path).toBe(true)
})

test('the ports agree', () => {
  const port = String(DEFAULTS.port)
  expect(image.exposed).toBe(port)
  expect(nginx).toContain(`listen ${port};`)
  expect(nginx).toContain(`server gateway:${port} `)
  expect(compose.services.proxy?.ports).toEqual([`\${PUBLISH:-127.0.0.1:${port}}:${port}`])
  for (const [, { environment }] of ours) expect(String(environment?.PORT)).toBe(port)
})

test('who stops a process waits longer than it takes to stop', () => {
  expect(STOP_SEC).toBeLessThanOrEqual(30)
  for (const [name, { stop_grace_period }] of services) {
    expect(Number.parseInt(stop_grace_period ?? '', 10), name).toBeGreaterThan(STOP_SEC)
  }
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(STOP_SEC)
})

test('the proxy lets streams through, and waits as long as a blocking caller may', () => {
  expect(nginx).toContain('proxy_buffering off;')
  expect(Number(/proxy_read_timeout (\d+)s;/.exec(nginx)?.[1])).toBeGreaterThan(DEFAULTS.waitTimeoutMs / 1000)
})

test.skipIf(spawnSync(SYSTEMD, ['--version']).status !== 0)(
  'systemd finds nothing wrong with the unit (needs systemd-analyze)',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'groundwire-unit-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, 'groundwire@gateway.service')
    await writeFile(file, unit.replaceAll('/opt/groundwire', ROOT))
    const { status, stderr } = spawnSync(SYSTEMD, ['verify', '--man=no', file], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  },
)

/** All that `deploy/env.example` names, what is commented out included. */
async function readEnv(): Promise<Record<string, string>> {
  const lines = (await read('deploy/env.example')).matchAll(/^#?([A-Z][A-Z\d_]*)=(.*)$/gm)
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]))
}

const toText = (environment: Service['environment'] = {}) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]))
