import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished } from 'vitest'

export const ROOT = resolve(import.meta.dirname, '../..')

export type GatewayProcess = {
  child: ChildProcess
  /** Where it listens; empty for a worker. */
  url: string
  /** All it has printed. */
  output(): string
  /** What it has logged, a parsed line each. */
  logLines(): Record<string, unknown>[]
  /** Resolves with the exit code and the signal it died of. */
  exited: Promise<[number | null, NodeJS.Signals | null]>
  ask(path: string, body: object, headers?: Record<string, string>): Promise<Response>
}

export type Start = { cwd?: string; argv?: readonly string[]; until?: string }

/** `npm start` without npm, nothing of this machine's reachable unless `env` says so. Killed when the test ends. */
export async function startGatewayProcess(
  env: Record<string, string>,
  { cwd = ROOT, argv = ['--max-semi-space-size=16', 'src/main.ts'], until = '"msg":"listening"' }: Start = {},
): Promise<GatewayProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'groundwire-process-'))
  const child = spawn(process.execPath, argv, {
    cwd,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, ...NOTHING_REACHABLE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit') as GatewayProcess['exited']
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20 })
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  await expect.poll(() => output, { timeout: 60_000 }).toContain(until)
  const url = /"url":"([^"]+)\/v1"/.exec(output)?.[1] ?? ''
  return {
    child,
    url,
    output: () => output,
    logLines: () =>
      output
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    exited,
    ask: (path, body, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer test', ...headers },
        body: JSON.stringify(body),
      }),
  }
}

const NOBODY = 'http://127.0.0.1:9'
const NOTHING_REACHABLE = { OLLAMA_BASE_URL: NOBODY, RPC_URL_1: NOBODY, CHAINS: 'ethereum' }
