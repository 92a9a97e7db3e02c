import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')

/** What each part may import, beside itself. A part is a folder or a file of `src/`, or the folder `tools/`. */
const ARROWS: Record<string, readonly string[]> = {
  errors: [],
  'error-fields': ['errors'],
  messages: [],
  within: [],
  'to-seconds': [],
  'check-json': ['messages'],
  chain: ['errors', 'messages'],
  tools: ['chain', 'errors', 'messages'],
  models: ['errors', 'messages'],
  db: ['errors', 'messages', 'within'],
  egress: ['errors'],
  telemetry: ['runs', 'models', 'messages', 'errors', 'error-fields', 'within'],
  agent: ['models', 'tools', 'check-json', 'errors', 'messages'],
  accounts: ['db', 'errors', 'messages', 'to-seconds', 'within'],
  payments: ['accounts', 'chain', 'db', 'egress', 'errors', 'messages', 'within'],
  runs: ['agent', 'models', 'tools', 'chain', 'accounts', 'db', 'egress', 'errors', 'messages', 'within'],
  http: [
    'runs',
    'models',
    'accounts',
    'payments',
    'config',
    'check-json',
    'errors',
    'error-fields',
    'messages',
    'to-seconds',
  ],
  toolkit: ['tools', 'chain', 'messages', 'errors'],
  'env-fields': ['chain', 'accounts'],
  config: ['env-fields', 'chain', 'accounts'],
  'account-desks': ['accounts', 'payments', 'chain', 'config', 'db'],
  'account-routes': ['account-desks', 'http'],
  'model-routes': ['http', 'models', 'runs', 'accounts', 'config'],
  app: ['account-desks', 'account-routes', 'bare-app', 'model-routes', 'probes', 'http', 'accounts', 'config'],
  'bare-app': ['http'],
  probes: ['bare-app', 'http'],
  'durable-runs': ['runs', 'accounts', 'models', 'db', 'egress', 'config'],
  'load-setup': ['config', 'models', 'runs', 'tools'],
  'charged-runs': ['load-setup', 'runs', 'telemetry', 'accounts', 'agent', 'models', 'chain', 'db', 'config'],
  gateway: [
    'account-desks',
    'app',
    'charged-runs',
    'clean-up',
    'probes',
    'durable-runs',
    'load-setup',
    'readiness',
    'http',
    'runs',
    'accounts',
    'payments',
    'models',
    'chain',
    'db',
    'telemetry',
    'config',
    'errors',
    'messages',
  ],
  readiness: ['http', 'models', 'chain', 'within'],
  'clean-up': [],
  'drop-tracing': [],
  'stop-on-signal': [],
  main: ['gateway', 'config', 'telemetry', 'drop-tracing', 'stop-on-signal'],
  'tool files': ['toolkit'],
}

test('imports follow the arrows of the architecture', async () => {
  const wrong: string[] = []
  for (const file of [...(await sourceFiles('src')), ...(await sourceFiles('tools'))]) {
    const from = partOf(file)
    for (const target of importsOf(await readFile(file, 'utf8'), file)) {
      const to = partOf(target)
      if (to !== from && !ARROWS[from]?.includes(to)) wrong.push(`${relative(ROOT, file)} → ${relative(ROOT, target)}`)
    }
  }
  expect(wrong).toEqual([])
})

test('only main.ts touches the process', async () => {
  const touching: string[] = []
  for (const file of await sourceFiles('src')) {
    if (/\bprocess\.\w|from 'node:process'/.test(await readFile(file, 'utf8'))) touching.push(relative(ROOT, file))
  }
  expect(touching).toEqual(['src/main.ts'])
})

async function sourceFiles(dir: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, dir), { recursive: true })
  return entries
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(ROOT, dir, name))
    .sort()
}

function importsOf(source: string, file: string): string[] {
  return [...source.matchAll(/(?:from|import\()\s*'(\.[^']+\.ts)'/g)].map((match) =>
    resolve(dirname(file), match[1] ?? ''),
  )
}

function partOf(file: string): string {
  const [folder, part = ''] = relative(ROOT, file).split('/')
  return folder === 'tools' ? 'tool files' : part.replace(/\.ts$/, '')
}
