import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Row } from './figures.ts'
import type { Store } from './store.ts'

const ROOT = join(import.meta.dirname, '..')
const ROUNDS = 3

/** From `npm start` to the line that says it is ready: it listens, the store is open, the model and the nodes answer. */
export async function bootRows({ store, rpcUrl }: { store: Store; rpcUrl: string }): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'groundwire-bench-'))
  const env = { RPC_URL_1: rpcUrl, CHAINS: 'ethereum', OPERATOR_MODEL: 'rehearsal', PORT: '0' }
  const embedded = { ...env, DATA_DIR: folder }
  try {
    await rm(join(ROOT, 'node_modules/.cache/groundwire'), { recursive: true, force: true })
    const firstMs = await boot(embedded)
    const againMs = await median(() => boot(embedded))
    const shared = { ...env, DATABASE_URL: await store.newDatabase(), DATA_DIR: folder }
    await boot(shared)
    const sharedMs = await median(() => boot(shared))
    return [
      ['boot to ready, embedded', `${Math.round(againMs)} ms`, `${Math.round(firstMs)} ms the first time`],
      ['boot to ready, with DATABASE_URL', `${Math.round(sharedMs)} ms`, ''],
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function boot(env: Record<string, string>): Promise<number> {
  const startedAt = performance.now()
  const gateway = spawn(process.execPath, ['--max-semi-space-size=16', 'src/main.ts'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(gateway, 'exit')
  const tookMs = await readyAt(gateway).finally(() => gateway.kill('SIGTERM')) // it leaves as it does in use
  await exited
  return tookMs - startedAt
}

async function readyAt({ stdout }: ChildProcess): Promise<number> {
  const said: string[] = []
  if (stdout !== null) {
    for await (const line of createInterface(stdout)) {
      if (line.includes('"msg":"ready"')) {
        stdout.resume()
        return performance.now()
      }
      said.push(line)
    }
  }
  throw new Error(`The gateway did not become ready:\n${said.join('\n')}`)
}

async function median(measure: () => Promise<number>): Promise<number> {
  const all: number[] = []
  for (let round = 0; round < ROUNDS; round++) all.push(await measure())
  return all.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN
}
