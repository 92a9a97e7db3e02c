import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const NOBODY = 'http://127.0.0.1:9'
const NOTHING_REACHABLE = { PORT: '0', OLLAMA_BASE_URL: NOBODY, RPC_URL_1: NOBODY, CHAINS: 'ethereum' }

let scratch: string
let started: ChildProcess | undefined
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'groundwire-start-'))
})
afterEach(async () => {
  if (started?.exitCode === null) {
    started.kill('SIGTERM') // the store stops with it
    await once(started, 'exit')
  }
  await rm(scratch, { recursive: true, force: true })
})

describe('npm start', () => {
  test('with nothing reachable serves all the same, and its log says what is down and what to do', async () => {
    const { output, url } = await start(NOTHING_REACHABLE)
    await expect.poll(output).toContain('not ready')
    expect(output()).toMatch(/operator \(ollama:qwen3:8b\) is down: .*ollama serve/i)
    expect(output()).toMatch(/ethereum is down: .*RPC_URL_1/)
    expect(output()).not.toContain(NOBODY)
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect((await fetch(`${url}/ready`)).status).toBe(503)
  })

  test('with a wrong environment stops with every complaint and no stack', async () => {
    const { child, output } = spawnGateway({ PORT: '99999', LOG_LEVEL: 'loud' })
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(output()).toMatch(/PORT: .*\n.*LOG_LEVEL: must be one of/)
    expect(output()).not.toContain('    at ')
  })

  test('with a bad tool file stops and names the file', async () => {
    await writeFile(join(scratch, 'no-tool.ts'), 'export const tool = {}\n')
    const { child, output } = spawnGateway({ ...NOTHING_REACHABLE, TOOLS_DIR: scratch })
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(output()).toContain('no-tool.ts: needs `export default defineTool')
  })

  test('ignores settings that would send prompts to a third party, and says so', async () => {
    const { output } = await start({ ...NOTHING_REACHABLE, LANGSMITH_TRACING: 'true' })
    expect(output()).toContain('LANGSMITH_TRACING')
  })

  test('--help tells the settings', async () => {
    const { child, output } = spawnGateway({}, ['--help'])
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(output()).toMatch(/OPERATOR_MODEL.*\n(.*\n)*.*RPC_URL_1/)
  })
})

function spawnGateway(env: Record<string, string>, args: readonly string[] = []) {
  const child = spawn(process.execPath, ['src/main.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, DATA_DIR: join(scratch, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started = child
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  return { child, output: () => output }
}

async function start(env: Record<string, string>) {
  const { child, output } = spawnGateway(env)
  await expect.poll(output, { timeout: 60_000 }).toContain('listening')
  const url = /"url":"([^"]+)\/v1"/.exec(output())?.[1] ?? ''
  return { child, output, url }
}
