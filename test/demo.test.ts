import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { scriptedOllama } from './support/scripted-ollama.ts'

const ROOT = resolve(import.meta.dirname, '..')
const NOBODY = 'http://127.0.0.1:9'

let dataDir: string
let started: ChildProcess[]
beforeEach(async () => {
  started = []
  dataDir = await mkdtemp(join(tmpdir(), 'groundwire-demo-'))
})
afterEach(async () => {
  for (const child of started) {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  await rm(dataDir, { recursive: true })
})

describe('the demo', () => {
  test('without Ollama answers the question of its own curl line with the true figure', async () => {
    const { banner } = await startDemo({ OLLAMA_BASE_URL: NOBODY, OPERATOR_MODEL: '' }) // empty counts as unset
    expect(banner).toMatch(/model\s+rehearsal: .*ollama/i)
    expect(banner).toMatch(/ethereum block [\d,]+, base block [\d,]+, arbitrum block [\d,]+/)
    const pasted = /curl (\S+) \\\n\s+-H '([^']+)' -H '([^']+)' \\\n\s+-d '([^']+)'/.exec(banner)
    const [, url = '', type = '', key = '', body = ''] = pasted ?? []
    const headers = Object.fromEntries([type, key].map((line) => line.split(': ') as [string, string]))
    const response = await fetch(url, { method: 'POST', headers, body })
    const answer = (await response.json()) as { model: string; choices: { message: { content: string } }[] }
    expect(answer.model).toBe('rehearsal')
    expect(answer.choices[0]?.message.content).toMatch(/vitalik\.eth has sent 1,648 transactions on ethereum/)
  })

  test('uses Ollama where it has the model', async () => {
    const ollama = await scriptedOllama([{ text: 'Hello from the scripted model.' }])
    try {
      const { banner, ask } = await startDemo({ OLLAMA_BASE_URL: ollama.url })
      expect(banner).toMatch(/model\s+ollama:qwen3:8b: Ollama answers/)
      expect(await ask('hello')).toMatchObject({
        model: 'operator',
        choices: [{ message: { content: 'Hello from the scripted model.' } }],
      })
    } finally {
      await ollama.close()
    }
  })

  test('falls back to rehearsal where Ollama lacks the model, and says which command pulls it', async () => {
    const ollama = await scriptedOllama([], { models: ['llama3.2:1b'] })
    try {
      const { banner } = await startDemo({ OLLAMA_BASE_URL: ollama.url })
      expect(banner).toMatch(/model\s+rehearsal: .*ollama pull qwen3:8b/)
    } finally {
      await ollama.close()
    }
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('stops everything on %s', async (signal) => {
    const { child } = await startDemo({ OLLAMA_BASE_URL: NOBODY })
    const nodes = await chainPids()
    expect(nodes).toHaveLength(3)
    child.kill(signal)
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(nodes.filter(isAlive)).toEqual([])
  })

  test('that was killed with SIGKILL leaves no node behind after the next start', async () => {
    const { child } = await startDemo({ OLLAMA_BASE_URL: NOBODY })
    const orphans = await chainPids()
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(orphans.every(isAlive)).toBe(true)
    await startDemo({ OLLAMA_BASE_URL: NOBODY })
    await expect.poll(() => orphans.filter(isAlive)).toEqual([])
  })

  test('ends with the npm that started it, even when npm is killed with SIGKILL', async () => {
    const { child, output } = spawnDemo({ OLLAMA_BASE_URL: NOBODY }, ['npm', 'run', 'demo'])
    await expect.poll(output, { timeout: 30_000 }).toContain('Ctrl-C stops everything')
    const nodes = await chainPids()
    child.kill('SIGKILL')
    await expect.poll(() => nodes.filter(isAlive)).toEqual([])
  })

  test('says in one line that its port is taken, and leaves no node behind', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const { child, output } = spawnDemo({ OLLAMA_BASE_URL: NOBODY, PORT: String(port) })
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(output().trim()).toBe(`Port ${port} is taken. Set PORT=${port + 1}, or stop the other process.`)
    expect((await chainPids()).filter(isAlive)).toEqual([])
    other.close()
  })
})

function spawnDemo(env: Record<string, string>, command = [process.execPath, 'demo/main.ts']) {
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  return { child, output: () => output }
}

async function startDemo(env: Record<string, string>) {
  const { child, output } = spawnDemo(env)
  await expect.poll(output, { timeout: 30_000 }).toContain('Ctrl-C stops everything')
  const url = /url\s+(\S+)/.exec(output())?.[1] ?? ''
  const ask = async (content: string): Promise<unknown> => {
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
      body: JSON.stringify({ messages: [{ role: 'user', content }] }),
    })
    return response.json()
  }
  return { child, banner: output(), ask }
}

/** From the records that the dev chain keeps of its nodes. */
async function chainPids(): Promise<number[]> {
  const records = join(dataDir, 'devchain')
  const files = await readdir(records)
  const texts = await Promise.all(files.map((file) => readFile(join(records, file), 'utf8')))
  return texts.map((text) => (JSON.parse(text) as { pid: number }).pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
